"""Data preparation on the CPU: tokenises the corpus and the QA sets, finds BM25 negatives, packs everything for travel.

usage: prepare.py --shared ../shared/data --text DIR
       prepare.py --shared ../shared/data --tok TOK_DIR --bpe BIN --bm25 BIN --out DIR [--limit N]

Writes DIR/qa.npz (train and validation questions), DIR/lm-<lang>-<shard>.u16.xz (documents closed by <|doc|>),
DIR/lmval-<lang>.npy, DIR/par.npz (aligned segments) and DIR/manifest.json (hashes of all inputs and outputs). With --npy
the corpus is written as `dataset.py unpack` would leave it, and nothing is hashed: for text that travels as text.
Splits are by article, from a hash of the title, so every run and machine agrees on them.
"""
import argparse, glob, hashlib, json, lzma, os, re, subprocess, zlib
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from tokenizer import Tokenizer, DOC

XZ = [{"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 3, "lp": 1, "pb": 1}]     # 16-bit aligned text
LM_VAL_DOCS = 120


def rows(path):
    with lzma.open(path, "rt", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def held(title, per_mille):
    return zlib.crc32(title.encode()) % 1000 < per_mille


def human_qa(shared):
    """-> passages [{lang, split, src, title, text, qas: [(question, answers, start)]}]"""
    out = []
    def add(path, lang, src, val):
        for r in rows(f"{shared}/qa/{path}.jsonl.xz"):
            qas = [(q["q"], q["a"], q["start"]) for q in r["qas"] if q.get("a") and q["a"][0]]
            out.append(dict(lang=lang, src=src, split="val" if val(r["title"]) else "train",
                            title=r["title"].replace("_", " "), text=r["context"], qas=qas))
    add("squad11_train.en", "en", "squad", lambda t: held(t, 50))
    add("drcd_dev.t2s.zh-hans", "zh", "drcd", lambda t: held(t, 100))
    add("cmrc2018_trial.zh-hans", "zh", "cmrc", lambda t: held(t, 100))
    return out


FILLER = re.compile(r"^(嗯|哦|是的|对|好的|哈哈|那|你知道|请问|那你知道|知道)+[，,。]?")


def kdconv_qa(shared):
    """Questions of grounded Chinese dialogues: one passage an entity of a dialogue, its facts as short sentences; a
    question is a turn whose reply rests on one fact, or a template over a fact."""
    out = []
    for d, row in enumerate(rows(f"{shared}/qa/kdconv_devtest_grounded_dialogue.zh-hans.jsonl.xz")):
        facts = {}
        for t in row["turns"]:
            for e, a, v in t["knowledge"]:
                facts.setdefault(e, {})[a] = v
        for e, kv in facts.items():
            name = re.sub(r"（.*?）|\(.*?\)", "", e).strip() or e
            text, at = "", {}
            for i, (a, v) in enumerate(sorted(kv.items(), key=lambda x: zlib.crc32((x[0] + str(d)).encode()))):
                lead = "" if a == "Information" else f"{a}：" if d % 2 else f"{name}的{a}是"
                at[a] = (len(text) + len(lead), v)
                text += lead + v + ("" if v.endswith("。") else "。")
            qas = []
            for q, reply in zip(row["turns"], row["turns"][1:]):
                k = [x for x in reply["knowledge"] if x[0] == e and x[1] != "Information" and len(x[2]) <= 40]
                if len(k) == 1 and ("？" in q["text"] or "?" in q["text"]) and 5 < len(q["text"]) < 50:
                    s, v = at[k[0][1]]
                    text_q = FILLER.sub("", q["text"])
                    qas.append((text_q if name in text_q else f"{name}，{text_q}", [v], s))
            for a, (s, v) in at.items():
                if a != "Information" and len(v) <= 40:
                    form = ["{}的{}是什么？", "{}的{}是多少？" if v[0].isdigit() else "{}的{}是什么？", "请问{}的{}？",
                            "{}的{}是谁？" if a in ("导演", "主演", "作者", "编剧") else "{}的{}是哪个？"][zlib.crc32((e + a).encode()) % 4]
                    qas.append((form.format(name, a), [v], s))
            if qas and len(text) > 12:
                out.append(dict(lang="zh", src="kdconv", split="train", title=name, text=text, qas=qas))
    return out


def to_tokens(tok, passages):
    """Token arrays and the spans' token borders (the least run of tokens that covers the answer)."""
    text = tok.encode([p["text"] for p in passages])
    title = tok.encode([p["title"] + "：" if p["lang"] == "zh" else p["title"] + ": " for p in passages])
    qs = tok.encode([q for p in passages for q, _, _ in p["qas"]])
    questions, at, exact = [], 0, 0
    for pid, (p, ids) in enumerate(zip(passages, text)):
        ends = np.cumsum(tok.length[ids])
        for q, answers, start in p["qas"]:
            lo = len(p["text"][:start].encode()); hi = lo + len(answers[0].encode())
            s = int(np.searchsorted(ends, lo, "right")); e = int(np.searchsorted(ends, hi, "left")) + 1
            exact += tok.decode(ids[s:e]).strip() == answers[0].strip()
            questions.append(dict(pid=pid, q=qs[at], s=s, e=min(e, len(ids)), a=answers))
            at += 1
    print(f"{len(passages)} passages, {len(questions)} questions, spans on token borders {exact / max(1, at):.4f}")
    return text, title, questions


def negatives(bm25, passages, text, title, questions, keep=8, depth=40):
    """For each question the BM25-nearest passages of its language that lack the answer. Training questions see training
    passages only."""
    neg = np.full((len(questions), keep), -1, np.int32)
    low = [p["text"].lower() for p in passages]
    for lang in ("en", "zh"):
        for split in ("train", "val"):
            pool = [i for i, p in enumerate(passages) if p["lang"] == lang and (split == "val" or p["split"] == "train")]
            qi = [i for i, q in enumerate(questions) if passages[q["pid"]]["lang"] == lang and passages[q["pid"]]["split"] == split]
            if not qi:
                continue
            rec = lambda a: np.uint32(len(a)).tobytes() + a.astype(np.uint16).tobytes()
            data = np.array([len(pool), len(qi)], np.uint32).tobytes() \
                + b"".join(rec(np.concatenate([title[i], text[i]])) for i in pool) + b"".join(rec(questions[i]["q"]) for i in qi)
            out = subprocess.run([bm25, str(depth)], input=data, stdout=subprocess.PIPE, check=True).stdout
            near = np.frombuffer(out, np.uint32).reshape(len(qi), depth)
            hit = 0
            for i, line in zip(qi, near):
                q = questions[i]; ans = [a.lower() for a in q["a"]]
                ids = [pool[j] for j in line if j < len(pool)]
                hit += bool(ids) and ids[0] == q["pid"]
                ids = [j for j in ids if j != q["pid"] and not any(a in low[j] for a in ans)][:keep]
                neg[i, :len(ids)] = ids
            print(f"{lang} {split}: {len(qi)} questions, {len(pool)} passages, BM25 R@1 {hit / len(qi):.4f}")
    return neg


def flat(arrays):
    """Ragged arrays -> values and offsets."""
    return np.concatenate(arrays).astype(np.uint16), np.concatenate([[0], np.cumsum([len(a) for a in arrays])]).astype(np.int64)


def write_lm(tok, shared, out, limit, npy):
    def one(path):
        name = os.path.basename(path)[:5]
        text = lzma.open(path, "rt", encoding="utf-8").read(limit or -1)
        docs = [d for d in text.split("<|doc|>\n") if d.strip()]
        ids = [np.append(e, DOC).astype(np.uint16) for e in tok.encode(docs)]
        if name.endswith("00"):
            np.save(f"{out}/lmval-{name[:2]}.npy", np.concatenate(ids[:LM_VAL_DOCS]))
            json.dump(dict(bytes=sum(len(d.encode()) for d in docs[:LM_VAL_DOCS])), open(f"{out}/lmval-{name[:2]}.json", "w"))
            ids = ids[LM_VAL_DOCS:]
        ids = np.concatenate(ids)
        if npy:
            np.save(f"{out}/tmp-{name}.npy", ids); os.replace(f"{out}/tmp-{name}.npy", f"{out}/lm-{name}.npy")
            return name, len(ids)
        with open(f"{out}/lm-{name}.u16.xz", "wb") as f:
            f.write(lzma.compress(ids.tobytes(), filters=XZ))
        return name, len(ids)
    with ThreadPoolExecutor(min(6, os.cpu_count())) as pool:
        for name, n in pool.map(one, sorted(glob.glob(f"{shared}/corpus/*.txt.xz"))):
            print(name, n, "tokens", flush=True)


def write_text(shared, out):
    for lang in ("en", "zh"):
        with open(f"{out}/qa-{lang}.txt", "w") as f:
            for p in human_qa(shared):
                if p["lang"] == lang and p["split"] == "train":
                    f.write("\n".join([p["title"], p["text"], *(q for q, _, _ in p["qas"])]) + "\n")


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--shared", required=True); ap.add_argument("--tok"); ap.add_argument("--out")
    ap.add_argument("--bpe"); ap.add_argument("--bm25")
    ap.add_argument("--limit", type=int, default=0, help="characters of each corpus shard (0: all), for smoke tests")
    ap.add_argument("--parts", default="qa,par,lm"); ap.add_argument("--npy", action="store_true")
    ap.add_argument("--text", default="", help="only write the QA training side as plain text here, for the tokenizer")
    a = ap.parse_args()
    if a.text:
        return write_text(a.shared, a.text)
    os.makedirs(a.out, exist_ok=True)
    tok = Tokenizer(a.tok, a.bpe)
    if "qa" in a.parts:
        passages = human_qa(a.shared) + kdconv_qa(a.shared)
        text, title, questions = to_tokens(tok, passages)
        neg = negatives(a.bm25, passages, text, title, questions)
        code = {"en": 0, "zh": 1, "train": 0, "val": 1, "squad": 0, "drcd": 1, "cmrc": 2, "kdconv": 3}
        arr = {}
        for k, v in (("text", text), ("title", title), ("q", [q["q"] for q in questions])):
            arr[k], arr[k + "_at"] = flat(v)
        for k in ("lang", "split", "src"):
            arr["p_" + k] = np.array([code[p[k]] for p in passages], np.uint8)
        arr["q_span"] = np.array([(q["pid"], q["s"], q["e"]) for q in questions], np.int32)
        arr["neg"] = neg
        val = {str(i): q["a"] for i, q in enumerate(questions) if passages[q["pid"]]["split"] == "val"}
        arr["val_answers"] = np.frombuffer(json.dumps(val, ensure_ascii=False).encode(), np.uint8)
        np.savez_compressed(f"{a.out}/qa.npz", **arr)
    if "par" in a.parts:
        pairs = rows(f"{a.shared}/corpus/parallel_python-docs.en-zh.jsonl.xz")
        pairs = [p for p in pairs if len(p["en"]) > 15][:a.limit or None]
        arr = {}
        for k in ("en", "zh"):
            arr[k], arr[k + "_at"] = flat(tok.encode([p[k] for p in pairs]))
        arr["doc"] = np.array([zlib.crc32(p["src"].encode()) for p in pairs], np.uint32)
        np.savez_compressed(f"{a.out}/par.npz", **arr)
    if "lm" in a.parts:
        write_lm(tok, a.shared, a.out, a.limit, a.npy)
    if a.npy:
        return
    sha = lambda p: hashlib.sha256(open(p, "rb").read()).hexdigest()
    inputs = sorted(glob.glob(f"{a.shared}/corpus/*.xz") + [f"{a.shared}/qa/{n}.jsonl.xz" for n in
                    ("squad11_train.en", "drcd_dev.t2s.zh-hans", "cmrc2018_trial.zh-hans", "kdconv_devtest_grounded_dialogue.zh-hans")])
    outputs = sorted(p for p in glob.glob(f"{a.out}/*") if not p.endswith("manifest.json"))
    json.dump(dict(inputs={os.path.relpath(p, a.shared): sha(p) for p in inputs}, merges=sha(f"{a.tok}/merges.txt"),
                   outputs={os.path.basename(p): [sha(p), os.path.getsize(p)] for p in outputs}),
              open(f"{a.out}/manifest.json", "w"), indent=1)


if __name__ == "__main__":
    main()
