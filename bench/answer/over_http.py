#!/usr/bin/env python3
"""Answer quality and times over HTTP with the real path: passages of a question-answering set are pages of a loopback site, the site is
crawled into the service's own index, and each question goes through POST /api/ask: search, fetch, rank, answer, check.

Every fifth passage is left out of the site, so that its questions cannot be answered. Results of single questions are kept in --state,
and a run that was stopped goes on where it was. Prints one JSON object; RESULTS.md keeps some.

  bench/answer/over_http.py squad11_train.en --model none --questions 200 --state /tmp/en-none.jsonl
"""
import argparse
import http.client
import json
import lzma
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import unicodedata
import zlib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/system"))
from page_site import PageSite, page  # noqa: E402
from seine import BINARY, Service, environment  # noqa: E402

DATA = Path(os.environ.get("SEINE_SHARED", ROOT.parent / "shared")) / "data/qa"
LINKS = 100  # on one page of the list


def load(name: str, pages: int) -> list[dict]:
    with lzma.open(DATA / f"{name}.jsonl.xz", "rt") as file:
        items = [json.loads(line) for line in file]
    random.Random(7).shuffle(items)
    return items[:pages * 5 // 4]


def address(i: int) -> str:
    """Letters only: of addresses that differ in digits alone a crawl follows a hundred."""
    word = ""
    while i or not word:
        word += chr(ord("a") + i % 26)
        i //= 26
    return f"/p/{word}"


def site_of(items: list[dict], lang: str) -> dict[str, str]:
    kept = [i for i in range(len(items)) if i % 5 != 4]
    pages = {address(i): page(items[i]["title"].replace("_", " "), items[i]["context"], lang) for i in kept}
    lists = [kept[at:at + LINKS] for at in range(0, len(kept), LINKS)]
    for number, part in enumerate(lists):
        links = "".join(f'<li><a href="{address(i)}">{i}</a></li>' for i in part)
        pages[f"/list/{number}"] = f"<!doctype html><title>List {number}</title><body><main><ul>{links}</ul></main>"
    pages["/"] = "<!doctype html><title>All</title><body><main><ul>" + "".join(f'<li><a href="/list/{n}">{n}</a></li>' for n in range(len(lists))) + "</ul></main>"
    return pages


def units(text: str, chinese: bool) -> list[str]:
    """SQuAD's measure: words in English, characters in Chinese, punctuation and articles aside."""
    text = "".join(" " if unicodedata.category(c)[0] in "PSZ" else c for c in text.lower())
    if chinese:
        return re.findall(r"[a-z0-9]+|[^\sa-z0-9]", text)
    return [word for word in text.split() if word not in ("a", "an", "the")]


def f1(got: str, wanted: str, chinese: bool) -> float:
    a, b = units(got, chinese), units(wanted, chinese)
    same = sum((Counter(a) & Counter(b)).values())
    return 2 * same / (len(a) + len(b)) if same else 0.0


def ask(port: int, question: str) -> dict:
    """The answer, with the seconds to its first words and to its end as a client sees them."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    begin = time.monotonic()
    connection.request("POST", "/api/ask", json.dumps({"question": question, "search": "on"}), {"content-type": "application/json"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status} {answer.read()[:300]!r}")
    event, first, done = "", None, None
    for line in answer:
        text = line.decode().rstrip("\r\n")
        if text.startswith("event:"):
            event = text[6:].strip()
        elif text.startswith("data:"):
            if event == "text" and first is None:
                first = time.monotonic() - begin
            if event == "done":
                done = json.loads(text[5:])
    connection.close()
    end = time.monotonic() - begin
    return {"answer": done, "first_s": first if first is not None else end, "end_s": end}


def judge(item: dict, question: str, expected: list[str], gold: str, in_pool: bool, got: dict, chinese: bool) -> dict:
    answer = got["answer"]
    urls = {source["id"]: source["url"] for source in answer["sources"]}
    ranked = [source["url"] for source in answer["sources"]][:5]
    text = re.sub(r"\[\d+\]", "", answer["text"])
    short = answer["brief"] or text
    held = [wanted for wanted in expected if wanted.lower() in text.lower()]
    cited = [citation for citation in answer["citations"] if citation["support"] != "unsupported"]
    # One entry a kind of step: the time of the last of its events.
    stages = Counter()
    for step in answer["steps"]:
        stages[step["kind"]] = max(stages[step["kind"]], step["elapsed_ms"])
    return {"question": question, "expected": expected, "text": answer["text"], "brief": answer["brief"], "state": answer["state"], "by": answer["by"],
            "in_pool": in_pool, "hit1": ranked[:1] == [gold], "hit5": gold in ranked, "contained": bool(held),
            "f1": max((f1(short, wanted, chinese) for wanted in expected), default=0), "cited": len(cited),
            "right_page": sum(urls[c["source_id"]] == gold for c in cited),
            "holds": sum(any(wanted.lower() in c["quote"].lower() for wanted in expected) for c in cited),
            "first_s": got["first_s"], "end_s": got["end_s"], "stages_ms": dict(stages)}


def percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def quantile(values: list[float], q: float) -> float:
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))] if values else 0.0


def summary(rows: list[dict], show: int) -> dict:
    known = [row for row in rows if row["in_pool"]]
    unknown = [row for row in rows if not row["in_pool"]]
    cited = sum(row["cited"] for row in known)
    kinds = sorted({kind for row in rows for kind in row["stages_ms"]})
    bad = [row for row in known if not row["contained"]] + [row for row in unknown if row["state"] != "not_found"]
    return {
        "questions": len(rows), "answerable": len(known), "by": dict(Counter(row["by"] for row in rows)),
        "hit_at_1": percent(sum(r["hit1"] for r in known), len(known)), "hit_at_5": percent(sum(r["hit5"] for r in known), len(known)),
        "answer_in_text": percent(sum(r["contained"] for r in known), len(known)), "f1": percent(sum(r["f1"] for r in known), len(known)),
        "citation_precision_page": percent(sum(r["right_page"] for r in known), cited), "citation_precision_quote": percent(sum(r["holds"] for r in known), cited),
        "citation_recall": percent(sum(r["right_page"] > 0 for r in known), len(known)),
        "answerable_said_not_found": percent(sum(r["state"] == "not_found" for r in known), len(known)),
        "unanswerable_said_not_found": percent(sum(r["state"] == "not_found" for r in unknown), len(unknown)),
        "first_token_ms": {"p50": round(1e3 * quantile([r["first_s"] for r in rows], .5)), "p95": round(1e3 * quantile([r["first_s"] for r in rows], .95))},
        "end_ms": {"p50": round(1e3 * quantile([r["end_s"] for r in rows], .5)), "p95": round(1e3 * quantile([r["end_s"] for r in rows], .95))},
        "stage_ms_p50_p95": {kind: [round(quantile([r["stages_ms"][kind] for r in rows if kind in r["stages_ms"]], q)) for q in (.5, .95)] for kind in kinds},
        "failing": [{key: row[key] for key in ("question", "expected", "text", "state", "in_pool")} for row in bad[:show]]}


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("set")
    options.add_argument("--model", default="none", help="none: extractive; empty: the shipped model")
    options.add_argument("--pages", type=int, default=2000)
    options.add_argument("--questions", type=int, default=200)
    options.add_argument("--state", required=True)
    options.add_argument("--show", type=int, default=8)
    options.add_argument("--held", type=int, help="ask about articles only that the shipped model was not trained on: per mille, 100 for DRCD, 50 for SQuAD")
    given = options.parse_args()
    chinese = ".zh-" in given.set
    items = load(given.set, given.pages)
    state = Path(given.state)
    rows = [json.loads(line) for line in state.read_text().splitlines()] if state.exists() else []
    done = {row["number"] for row in rows}
    # As training/prepare.py holds articles out.
    held = [given.held is None or zlib.crc32(item["title"].encode()) % 1000 < given.held for item in items]
    asked = [i for i in range(len(items)) if items[i]["qas"] and held[i]][:given.questions]
    if set(asked) - done:
        with PageSite(site_of(items, "zh" if chinese else "en")) as site, tempfile.TemporaryDirectory() as data, state.open("a") as log:
            fast = {"SEINE_WEB_SITE_REQUESTS_PER_MINUTE": "60000", "SEINE_WEB_REQUESTS_PER_SECOND": "10000", "SEINE_WEB_ENDPOINTS": site.url}
            begin = time.monotonic()
            subprocess.run([str(BINARY), "web", "crawl", site.url + "/", "--pages", "100000", "--depth", "3", "--into", "web", "--data", data, "--timeout", "1h",
                            "--no-sitemap"], env=environment(**fast), check=True, capture_output=True, timeout=3600)
            print(f"crawled in {time.monotonic() - begin:.0f} s", file=sys.stderr)
            # Without the cache every page is fetched for every question.
            words = ["--model", given.model] if given.model else []
            with Service("--no-auth-on-loopback", *words, data=data, SEINE_SEARCH_PROVIDERS="index", SEINE_WEB_CACHE_MAX="0", **fast) as service:
                while given.model != "none" and not json.loads(service.request("GET", "/v1/models")[2])["data"]:
                    time.sleep(0.1)
                for i in asked:
                    if i in done:
                        continue
                    qa = items[i]["qas"][i % len(items[i]["qas"])]
                    got = ask(service.port, qa["q"])
                    row = {"number": i, **judge(items[i], qa["q"], qa["a"], site.url + address(i), i % 5 != 4, got, chinese)}
                    log.write(json.dumps(row, ensure_ascii=False) + "\n")
                    log.flush()
                    rows.append(row)
    print(json.dumps(summary(rows, given.show), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
