"""Held-out questions for seine-embed as files that `seine model eval` reads: what its card's figures are made with.

usage: eval_sets.py --shared ../shared/data --data DATA --out DIR      (DATA: unpacked, see README.md; the tokenizer is in it)

Writes, none of it seen in training on the side that is asked:
  banking.*   FAQ: an intent is an entry of ten phrasings, asked with the held-out tenth of BANKING77
  medquad.*   FAQ: answers of the diseases held out, asked with their questions
  in-bank.*, in-clinc.*   intents
  zh-en.*, en-zh.*   pieces of held-out aligned documentation, asked with clozes of the other language
  en.*, zh.*   passages of SQuAD; of DRCD and CMRC, filled up to 2,000 with those of KdConv; asked about held-out articles
"""
import argparse, json, os, zlib
import numpy as np
from cloze import Cloze
from dataset import Dataset
from embed_prepare import faq, intents
from prepare import human_qa, kdconv_qa

POOL_ZH, PIECE, CLOZES = 2000, 5, 400


def write(path, kind, items):
    with open(f"{path}.{kind}.jsonl", "w") as f:
        for x in items:
            f.write(json.dumps(x, ensure_ascii=False) + "\n")


def phrasings(all_intents, out):
    of, asked = {}, []
    for t, c, v in all_intents:
        if c.startswith("banki"):
            asked.append((t, c)) if v else of.setdefault(c, []).append(t)
    write(f"{out}/banking", "entries", [dict(id=c, title="", texts=t[:10]) for c, t in sorted(of.items())])
    write(f"{out}/banking", "queries", [dict(q=t, rel=[c]) for t, c in asked])
    for name, at in (("in-bank", "banki"), ("in-clinc", "clinc")):
        side = lambda held_out: [dict(text=t, intent=c.split(":")[1]) for t, c, v in all_intents if c.startswith(at) and v == held_out]
        write(f"{out}/{name}", "train", side(False)); write(f"{out}/{name}", "test", side(True))


def medquad(shared, out):
    asked = [(q, a) for q, a, v in faq(shared) if v]
    answers = sorted({a for _, a in asked}); number = {a: str(i) for i, a in enumerate(answers)}
    right = {}
    for q, a in asked:
        right.setdefault(q, set()).add(number[a])
    write(f"{out}/medquad", "entries", [dict(id=number[a], title="", text=a) for a in answers])
    write(f"{out}/medquad", "queries", [dict(q=q, rel=sorted(r)) for q, r in right.items()])


def across(data, out):
    """Clozes as in tasks.cross: of a term or number that the other language's segment holds, too."""
    d, tok = data, data.tok
    cloze = Cloze(d, tok.encode_plain, np.random.default_rng(3)); kind = d.facts.kind
    keep = np.flatnonzero(d.par_doc % 20 == 0); pieces = []                # documents that seine-embed has not seen
    for i in keep:
        if not pieces or len(pieces[-1]) == PIECE or i != pieces[-1][-1] + 1 or d.par_doc[i] != d.par_doc[pieces[-1][0]]:
            pieces.append([])
        pieces[-1].append(int(i))
    for src, dst in (("zh", "en"), ("en", "zh")):
        asked = []
        for n, piece in enumerate(pieces):
            for i in piece:
                x = d.par[src][i]; _, start, _ = cloze.borders(x)
                rare = np.flatnonzero(np.isin(x, d.par[dst][i]) & (((kind[x] == 1) & (x > 1500)) | ((kind[x] == 3) & (np.r_[0, kind[x][:-1]] != 3))) & start)
                if not 12 <= len(x) <= 120 or not len(rare):
                    continue
                a = b = int(cloze.rng.choice(rare))
                while b < len(x) and kind[x[b]] == kind[x[a]] and (b == a or kind[x[a]] == 3 or not start[b]):
                    b += 1
                q = cloze.question(x, 0, len(x), a, b, ["什么", "哪个"] if src == "zh" else ["What", "Which"])
                asked.append(dict(q=tok.decode(q), rel=[str(n)]))
        pick = np.random.default_rng(4).permutation(len(asked))[:CLOZES]
        write(f"{out}/{src}-{dst}", "corpus", [dict(id=str(n), title="", text=" ".join(tok.decode(d.par[dst][i]) for i in p)) for n, p in enumerate(pieces)])
        write(f"{out}/{src}-{dst}", "queries", [dict(id=str(k), **asked[j]) for k, j in enumerate(pick)])


def passages(shared, out):
    every = human_qa(shared)
    for lang in ("en", "zh"):
        pool = [p for p in every if p["lang"] == lang]
        asked = [dict(q=q, rel=[str(n)]) for n, p in enumerate(pool) if p["split"] == "val" for q, _, _ in p["qas"]]
        if lang == "zh":
            pool += sorted(kdconv_qa(shared), key=lambda p: zlib.crc32(p["text"].encode()))[:max(0, POOL_ZH - len(pool))]
        write(f"{out}/{lang}", "corpus", [dict(id=str(n), title=p["title"], text=p["text"]) for n, p in enumerate(pool)])
        write(f"{out}/{lang}", "queries", [dict(id=str(k), **x) for k, x in enumerate(asked)])


def main():
    ap = argparse.ArgumentParser()
    for k in ("shared", "data", "out"):
        ap.add_argument("--" + k, required=True)
    a = ap.parse_args(); os.makedirs(a.out, exist_ok=True)
    phrasings(intents(a.shared), a.out); medquad(a.shared, a.out); across(Dataset(a.data), a.out); passages(a.shared, a.out)


if __name__ == "__main__":
    main()
