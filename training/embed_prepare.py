"""What seine-embed learns from beside qa.npz, par.npz and the text shards: FAQ entries and intents, tokenised.

usage: embed_prepare.py --shared ../shared/data --tok TOK_DIR --bpe BIN --out DIR     (writes DIR/embed.npz)

FAQ: questions and answers, MedQuAD apart by focus (5 % held out), the Python FAQ in both languages and across them.
Intents: texts with a class of their set; a tenth of BANKING77, HWU64 and SNIPS is held out by a hash of the text, of
CLINC150 its validation file.
"""
import argparse, subprocess
import numpy as np
from prepare import flat, held, rows
from tokenizer import Tokenizer


def faq(shared):
    """-> [(question, answer, held out)]"""
    out = [(r["q"], r["a"], held(r["focus"], 50)) for r in rows(f"{shared}/faq/medquad_train.en.jsonl.xz")]
    out += [(r["q"], r["a"], False) for r in rows(f"{shared}/faq/covid_faq.en.jsonl.xz")]
    for r in rows(f"{shared}/faq/python_faq.en-zh.jsonl.xz"):
        out += [(r[f"q_{q}"], r[f"a_{a}"], False) for q in ("en", "zh") for a in ("en", "zh")] + [(r["q_zh"], r["q_en"], False)]
    return [(q, a[:1500], v) for q, a, v in out if q.strip() and a.strip()]


def intents(shared):
    """-> [(text, set and class, held out)]"""
    out = []
    for name in ("banking77_train.en", "clinc150_train.en", "clinc150_val.en", "hwu64_fold1_train.en", "snips_train.en", "crosswoz_val_user.zh-hans"):
        for r in rows(f"{shared}/intent/{name}.jsonl.xz"):
            label = r.get("intent") or "+".join(sorted(r["intents"]))
            v = name == "clinc150_val.en" or not name.startswith("clinc") and held(r["text"], 100)
            out.append((r["text"], name[:5] + ":" + label, v))
    return out


def bm25_lists(binary, dir, depth=100):
    from dataset import Dataset
    d = Dataset(dir); out = {}
    for lang in ("en", "zh"):
        qs = d.questions(lang, "val")[:4000]; pool = np.flatnonzero((d.lang == (lang == "zh")) & (d.src < 3))
        rec = lambda x: np.uint32(len(x)).tobytes() + x.astype(np.uint16).tobytes()
        data = np.array([len(pool), len(qs)], np.uint32).tobytes() + b"".join(rec(np.concatenate([d.title[i], d.text[i]])) for i in pool) + b"".join(rec(d.q[i]) for i in qs)
        near = np.frombuffer(subprocess.run([binary, str(depth)], input=data, stdout=subprocess.PIPE, check=True).stdout, np.uint32).reshape(len(qs), depth)
        out["bm25_" + lang] = np.where(near < len(pool), near, 0).astype(np.uint16)
    return out


def main():
    ap = argparse.ArgumentParser()
    for k in ("shared", "tok", "bpe", "out"):
        ap.add_argument("--" + k, required=True)
    ap.add_argument("--bm25", default="", help="BIN: also BM25's hundred nearest passages of each validation question (DIR/qa.npz), for the figures of both together")
    a = ap.parse_args(); tok = Tokenizer(a.tok, a.bpe); arr = {}
    f, i = faq(a.shared), intents(a.shared)
    classes = {c: n for n, c in enumerate(sorted({c for _, c, _ in i}))}
    for k, v in (("faq_q", [x[0] for x in f]), ("faq_a", [x[1] for x in f]), ("intent", [x[0] for x in i])):
        arr[k], arr[k + "_at"] = flat(tok.encode(v))
    arr["faq_val"] = np.array([x[2] for x in f]); arr["intent_val"] = np.array([x[2] for x in i])
    arr["intent_class"] = np.array([classes[x[1]] for x in i], np.int32)
    arr["intent_set"] = np.array([x[1][:5] for x in i]); arr["intent_oos"] = np.array([x[1].endswith(":oos") for x in i])
    if a.bm25:
        arr.update(bm25_lists(a.bm25, a.out))
    np.savez_compressed(f"{a.out}/embed.npz", **arr)
    print(len(f), "FAQ pairs,", len(i), "intent texts of", len(classes), "classes")


if __name__ == "__main__":
    main()
