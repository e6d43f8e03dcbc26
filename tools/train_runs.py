#!/usr/bin/env python3
"""Learns the weights of src/web/extract/content/run_weights.inc.

    seine_web_conform runs --data DIR > runs.jsonl
    tools/train_runs.py runs.jsonl --data DIR [--write] [--folds OUT]

DIR is the folder of the web data sets. Logistic regression over the steps of each feature, fitted by Newton's
method with a quadratic penalty. Prints the sets' scores under five-fold cross-validation, no host in two folds
(what to expect of pages nobody has looked at), then fits on all pages and, with --write, replaces the table. Needs numpy.
With --folds, OUT/K gets the table learned without fold K and the two sets cut down to fold K: a build with that table scores them whole,
with everything that follows the weights, and the means over the folds are what to expect of the program.
"""
import argparse
import collections
import hashlib
import json
import pathlib
import re
from urllib.parse import urlparse

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONTENT = ROOT / "src/web/extract/content"
FOLDS = 5

LETTERS = [10, 20, 40, 80, 160, 320]
SHARE = [0.01, 2, 10, 30, 60, 90]
LINKS = [0.01, 10, 30, 60, 90]
NEIGHBOUR = [1, 20, 60, 160]
STEPS = {
    "kLetters": LETTERS,
    "kPlainLetters": [1] + LETTERS,
    "kLinkShare": [0.01, 10, 30, 60, 99],
    "kSentences": [1, 2, 4],
    "kCommas": [1, 2, 4],
    "kEnding": [1, 2, 3],
    "kElement": list(range(1, 13)),
    "kPhrase": [1, 2, 3],
    "kSmallLetterStart": [1],
    "kDigitShare": [0.01, 5, 15, 40],
    "kCapitalShare": [0.01, 3, 6, 10, 20, 50],
    "kPlainBefore": NEIGHBOUR,
    "kPlainBehind": NEIGHBOUR,
    "kPlainTwoBefore": NEIGHBOUR,
    "kPlainTwoBehind": NEIGHBOUR,
    "kLinksBefore": [0.01, 30, 90],
    "kLinksBehind": [0.01, 30, 90],
    "kProseNear": [1, 200, 500, 1000, 2000],
    "kLinksNear": [0.01, 5, 15, 30, 60, 90],
    "kNearestHint": list(range(1, 7)),
    "kBodyProse": SHARE,
    "kMainProse": SHARE,
    "kCommentProse": SHARE,
    "kNeverProse": SHARE,
    "kBoilerProse": SHARE,
    "kMetaProse": SHARE,
    "kLandmark": list(range(1, 6)),
    "kBox": list(range(1, 5)),
    "kLevelsToProse": [1, 2, 3, 4, 6, 9, 15],
    "kParentLinks": LINKS,
    "kParentProse": SHARE,
    "kParentLetters": [50, 200, 800, 3000],
    "kGrandLinks": LINKS,
    "kGrandProse": SHARE,
    "kGrandLetters": [50, 200, 800, 3000],
    "kThirdLinks": LINKS,
    "kThirdProse": SHARE,
    "kKindProse": SHARE,
    "kKindCount": [2, 4, 8, 20],
    "kKindLinks": LINKS,
    "kKindLetters": [20, 60, 120, 250],
    "kTwins": [1, 2, 3, 5, 9],
    "kTitlePlace": [1, 2, 3],
    "kTitleDistance": [-10, -2, 0, 1, 2, 3, 6, 15, 40, 100],
    "kProsePlace": [1, 2, 3],
    "kPosition": [5, 15, 30, 50, 70, 85, 95],
    "kHeadingAbove": [1, 2, 3],
    "kHeadingDistance": [1, 2, 4, 10, 30],
    "kRepeats": [1, 2, 3],
    "kPageProse": [300, 1000, 3000, 8000],
    "kRule": list(range(1, 10)),
    "kRulePlace": [1, 2, 3],
}
NAMES = list(STEPS)
WIDTHS = [len(steps) + 1 for steps in STEPS.values()]
STARTS = [sum(WIDTHS[:i]) for i in range(len(WIDTHS))]
COLUMNS = sum(WIDTHS) + 1  # the last one is the bias


def host_of(page):
    if page["set"] == "readability-pages":
        return page["id"].split("-")[0]
    url = page["url"]
    parsed = urlparse(url)
    if parsed.netloc.endswith("archive.org") and "/http" in url[8:]:
        parsed = urlparse(url[url.index("/http", 8) + 1:])
    return parsed.netloc.removeprefix("www.") or page["id"]


def steps_of(page):
    """(runs, features) of columns that are one."""
    values = numpy.array([run["x"] for run in page["runs"]], numpy.float32).reshape(-1, len(NAMES))
    columns = [STARTS[i] + numpy.searchsorted(numpy.array(STEPS[name], numpy.float32), values[:, i], side="right")
               for i, name in enumerate(NAMES)]
    return numpy.stack(columns, 1)


def fit(steps, wanted, weight, penalty, rounds=14):
    """Weights (COLUMNS) that minimise the weighted log loss plus penalty / 2 * |w|^2."""
    rows = numpy.zeros((len(steps), COLUMNS), numpy.float32)
    rows[numpy.arange(len(steps))[:, None], steps] = 1
    rows[:, -1] = 1
    ridge = numpy.full(COLUMNS, penalty)
    ridge[-1] = 1e-3
    weights = numpy.zeros(COLUMNS)
    for _ in range(rounds):
        p = 1 / (1 + numpy.exp(-numpy.clip(rows @ weights.astype(numpy.float32), -30, 30)))
        gradient = rows.T @ (weight * (p - wanted)).astype(numpy.float32) + ridge * weights
        scaled = rows * numpy.sqrt(weight * p * (1 - p) + 1e-9)[:, None].astype(numpy.float32)
        change = numpy.linalg.solve((scaled.T @ scaled).astype(numpy.float64) + numpy.diag(ridge), gradient)
        weights -= change
        if numpy.abs(change).max() < 1e-3:
            break
    return weights


def samples(pages, options):
    steps, wanted, weight = [], [], []
    for page in pages:
        for row, run in zip(page["steps"], page["runs"]):
            if run["y"] < 0 or run["w"] <= 0 or run["skip"]:
                continue
            steps.append(row)
            wanted.append(run["y"])
            weight.append(1.0 if page["set"] == "trafilatura-eval" else min(run["w"], 1.0) * options.page_weight)
    return numpy.array(steps), numpy.array(wanted, float), numpy.array(weight)


def shingles(text):
    tokens = re.findall(r"\w+", text)
    return collections.Counter(tuple(tokens[i:i + 4]) for i in range(max(1, len(tokens) - 3))) if tokens else {}


def f1(precision, recall):
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def scores(pages, kept, truth):
    """F1, precision and recall of the two sets, of texts joined from whole runs."""
    found = collections.Counter()
    precisions, recalls, overlaps = [], [], []
    for page, keep in zip(pages, kept):
        text = [run["text"] for run, is_kept in zip(page["runs"], keep) if is_kept and not run["skip"]]
        if page["set"] == "trafilatura-eval":
            row = truth[page["set"]][page["id"]]
            whole = " ".join([page["title"]] + text)
            for string in row["with"]:
                found["tp" if " ".join(string.split()) in whole else "fn"] += 1
            for string in row["without"]:
                found["fp" if " ".join(string.split()) in whole else "tn"] += 1
        elif page["set"] == "article-extraction":
            wanted = shingles(truth[page["set"]][page["id"]].get("articleBody") or "")
            got = shingles("\n".join(text))
            hits = sum(min(count, got.get(key, 0)) for key, count in wanted.items())
            if got:
                precisions.append(hits / sum(got.values()))
            if wanted:
                recalls.append(hits / sum(wanted.values()))
        else:
            mass = collections.Counter()
            for run, is_kept in zip(page["runs"], keep):
                if run["y"] >= 0 and not run["skip"]:
                    mass[(run["y"], bool(is_kept))] += run["w"]
            overlaps.append(f1(mass[1, True] / max(mass[1, True] + mass[0, True], 1e-9),
                               mass[1, True] / max(mass[1, True] + mass[1, False], 1e-9)))
    out = {}
    if found:
        p, r = found["tp"] / (found["tp"] + found["fp"]), found["tp"] / (found["tp"] + found["fn"])
        out["trafilatura-eval"] = (f1(p, r), p, r)
    if precisions:
        p, r = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
        out["article-extraction"] = (f1(p, r), p, r)
    if overlaps:
        out["readability-pages, runs"] = (sum(overlaps) / len(overlaps),)
    return "  ".join(name + " " + "/".join(f"{value:.4f}" for value in row) for name, row in out.items())


def write_fold(folder, fold, pages, weights, options):
    write_table(weights, options, folder / "run_weights.inc")
    ids = {name: {page["id"] for page in pages if page["fold"] == fold and page["set"] == name} for name in ("article-extraction", "trafilatura-eval")}
    for name, file in (("article-extraction", "ground-truth.json"), ("trafilatura-eval", "evaldata.json")):
        rows = json.loads((options.data / name / file).read_text())
        of_fold = {key: row for key, row in rows.items() if (row["file"] if name == "trafilatura-eval" else key) in ids[name]}
        target = folder / name
        target.mkdir(parents=True, exist_ok=True)
        (target / file).write_text(json.dumps(of_fold, ensure_ascii=False))
        (target / "html.tar.zst").unlink(missing_ok=True)
        (target / "html.tar.zst").symlink_to((options.data / name / "html.tar.zst").resolve())


def write_table(weights, options, path=CONTENT / "run_weights.inc"):
    lines = ["// Learned by tools/train_runs.py; not for editing by hand."]
    lines.append(f"constexpr float kRunBias = {weights[-1] - options.threshold:.3f}F;")
    lines.append("constexpr std::array kRunWeights = {")
    for i, name in enumerate(NAMES):
        steps = ", ".join(f"{value:g}" for value in STEPS[name])
        row = ", ".join(f"{weights[STARTS[i] + k]:.2f}F" for k in range(WIDTHS[i]))
        steps = ", ".join(f"{value:g}F" if "." in f"{value:g}" else f"{value:g}" for value in STEPS[name])
        lines.append(f"    FeatureWeights{{RunFeature::{name}, {len(STEPS[name])}, {{{steps}}}, {{{row}}}}},")
    lines.append("};")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("runs")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--penalty", type=float, default=3.0)
    parser.add_argument("--page-weight", type=float, default=12.0, help="of a page whose whole text is known")
    parser.add_argument("--threshold", type=float, default=0.0, help="log odds from which a run is kept")
    parser.add_argument("--without", nargs="*", default=[], help="features to leave out")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--folds", type=pathlib.Path, help="a folder for each fold's table and pages")
    options = parser.parse_args()

    enum = re.search(r"enum class RunFeature.*?\{(.*?)\};", (CONTENT / "run_features.h").read_text(), re.S).group(1)
    assert re.findall(r"^\s*(k\w+),", enum, re.M)[:-1] == NAMES, "run_features.h lists other features"
    data = options.data
    articles = json.loads((data / "article-extraction/ground-truth.json").read_text())
    strings = json.loads((data / "trafilatura-eval/evaldata.json").read_text())
    truth = {"article-extraction": articles, "trafilatura-eval": {row["file"]: row for row in strings.values()}}
    pages = [json.loads(line) for line in open(options.runs, encoding="utf-8")]
    for page in pages:
        page["fold"] = int(hashlib.sha256(host_of(page).encode()).hexdigest(), 16) % FOLDS
        page["steps"] = steps_of(page)
    pages = [page for page in pages if page["runs"]]
    for name in options.without:  # a constant column says nothing
        at = NAMES.index(name)
        for page in pages:
            page["steps"][:, at] = STARTS[at]

    rules = NAMES.index("kRule")
    print("rules alone     ", scores(pages, [[run["x"][rules] == 0 for run in page["runs"]] for page in pages], truth))
    log_odds = [None] * len(pages)
    for fold in range(FOLDS):
        weights = fit(*samples([page for page in pages if page["fold"] != fold], options), options.penalty)
        if options.folds:
            write_fold(options.folds / str(fold), fold, pages, weights, options)
        for i, page in enumerate(pages):
            if page["fold"] == fold:
                log_odds[i] = weights[page["steps"]].sum(1) + weights[-1]
    for threshold in (-0.6, -0.4, -0.2, 0.0, 0.2):
        kept = [odds > threshold for odds in log_odds]
        print(f"held out, > {threshold:4.1f}", scores(pages, kept, truth), flush=True)
    if options.write:
        weights = fit(*samples(pages, options), options.penalty)
        kept = [weights[page["steps"]].sum(1) + weights[-1] > options.threshold for page in pages]
        print("seen pages      ", scores(pages, kept, truth))
        write_table(weights, options)


if __name__ == "__main__":
    main()
