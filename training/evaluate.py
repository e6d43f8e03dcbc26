"""Evaluation on the validation articles: EM and F1, citations, abstention; free greedy decoding and decoding held to
literal spans of the passages (beam), always on prompts whose passages are cut by one rule.

usage: evaluate.py --data DATA --ckpt CKPT --out FILE.json [--sets en_gold,..] [--n 300] [--quant none|rtn]
       evaluate.py --merge OUT.json FILE.json...
"""
import argparse, json, re, string, sys, time
import numpy as np, torch
import checkpoint, quant
from dataset import Dataset
from model import Cache, MoE
from tasks import PROMPT_MAX
from tokenizer import QUESTION, PASSAGE, ANSWER, NONE, END, CITE, CITATIONS, SPECIALS

SETS = {"en_gold": ("en", 0, False), "en_gold4": ("en", 4, False), "en_none": ("en", 4, True),
        "zh_gold": ("zh", 0, False), "zh_gold4": ("zh", 4, False), "zh_none": ("zh", 4, True)}
MARKS = set(string.punctuation) | set("，。、；：？！“”‘’「」『』（）《》〈〉—…·～【】")


# ---- items -------------------------------------------------------------------------------------------------------------
def items(data, name, n, seed=5):
    """n validation questions as prompts: with the gold passage and BM25-near distractors, or with five of the latter."""
    lang, nd, missing = SETS[name]
    r = np.random.default_rng(seed)
    qs = data.questions(lang, "val"); r.shuffle(qs)
    out = []
    for q in qs[:n]:
        q = int(q); gold, s, e = map(int, data.span[q])
        near = [int(p) for p in data.neg[q] if p >= 0][:nd + missing]
        own = near if missing else [gold] + near
        if not own:
            continue
        w = 700 if len(own) == 1 else min(320, PROMPT_MAX // len(own))
        segs = []
        for p in own:
            x = data.text[p]; a = 0
            if len(x) > w:
                lo, hi = (max(0, e - w), min(s, len(x) - w)) if p == gold else (0, len(x) - w)
                a = int(r.integers(lo, max(lo, hi) + 1))
            segs.append((p, np.concatenate([data.title[p], x[a:a + w]]), len(data.title[p])))
        order, ids = r.permutation(len(segs)), r.permutation(CITATIONS)
        prompt = [QUESTION, *data.q[q], PASSAGE]; where, cite = [], None
        for o, i in zip(order, ids):
            p, x, t = segs[o]
            prompt.append(CITE + int(i)); where.append((len(prompt), len(prompt) + len(x), CITE + int(i))); prompt += x.tolist()
            cite = CITE + int(i) if p == gold else cite
        prompt += [QUESTION, *data.q[q], ANSWER]
        target = [NONE, END] if missing else [*data.text[gold][s:e], cite, END]
        out.append(dict(q=q, ids=np.array(prompt, np.int64), target=np.array(target, np.int64), segs=where, lang=lang, cite=cite,
                        answers=None if missing else data.val_answers[q]))
    return out


# ---- quick figures while training: teacher-forced ------------------------------------------------------------------------
def quick_sets(data, n=128):
    return {k: items(data, k, n) for k in SETS}, {l: np.load(f"{data.dir}/lmval-{l}.npy")[:min(64, n) * 1024 + 1] for l in ("en", "zh")}


@torch.no_grad()
def quick_scores(model, sets, device, batch=16):
    """Per set: mean loss of answer tokens and share of answers whose every token is the most likely one; per language
    the language-model loss."""
    out = {}
    for name, its in sets[0].items():
        loss = count = right = 0
        for at in range(0, len(its), batch):
            rows = [np.concatenate([i["ids"], i["target"]]) for i in its[at:at + batch]]
            x = np.zeros((len(rows), max(map(len, rows))), np.int64)
            for k, r in enumerate(rows):
                x[k, :len(r)] = r
            with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
                h = model(torch.from_numpy(x[:, :-1]).to(device))
            for k, i in enumerate(its[at:at + batch]):
                a = len(i["ids"]) - 1; t = torch.from_numpy(i["target"]).to(device)
                z = model.logits(h[k, a:a + len(t)]).float()
                loss += float(torch.nn.functional.cross_entropy(z, t, reduction="sum")); count += len(t)
                right += bool((z.argmax(-1) == t).all())
        out[name] = [round(loss / max(1, count), 3), round(right / max(1, len(its)), 3)]
    for l, ids in sets[1].items():
        x = torch.from_numpy(ids[:len(ids) // 1024 * 1024 + 1].astype(np.int64)); n = (len(x) - 1) // 1024; tot = 0.0
        for at in range(0, n, batch):
            y = torch.stack([x[j * 1024:j * 1024 + 1025] for j in range(at, min(n, at + batch))]).to(device)
            with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
                h = model(y[:, :-1])
            for k in range(len(y)):
                tot += float(torch.nn.functional.cross_entropy(model.logits(h[k]).float(), y[k, 1:])) / n
        out["lm_" + l] = round(tot, 4)
    return out


# ---- decoding ----------------------------------------------------------------------------------------------------------------
def logprobs(model, h):
    return model.logits(h).float().log_softmax(-1)


@torch.no_grad()
def decode(model, item, start_ok, beams=4, longest=30, device="cpu"):
    """-> dict(greedy: tokens, span: tokens of the best literal span with citation, span_score: its log-probability,
    p_none: probability of <|none|>). One prefill serves both decodings."""
    ids = torch.from_numpy(item["ids"])[None].to(device); cache = Cache()
    def forward(x):
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            return model(x, cache=cache)
    first = logprobs(model, forward(ids)[0, -1])
    prefix = cache
    greedy, lp = [], first
    cache = prefix.select([0])
    while len(greedy) < longest:
        t = int(lp.argmax()); greedy.append(t)
        if t in (NONE, END) or CITE <= t < CITE + CITATIONS:
            break
        lp = logprobs(model, forward(torch.tensor([[t]], device=device))[0, -1])
    p = item["ids"]; nxt = {}
    for a, e, c in item["segs"]:
        for x in range(a, e):
            if start_ok[p[x]] or x == a:
                nxt.setdefault(int(p[x]), []).append((x + 1, e, c))
    live = [(0.0, [], nxt, 0)]; done = []; lp = first[None]; cache = prefix
    for step in range(longest):
        cand = []
        for row, (score, toks, nxt, _) in enumerate(live):
            ks = torch.tensor(list(nxt), device=device)
            v = lp[row][ks]
            for j in v.argsort(descending=True)[:beams].tolist():
                cand.append((score + float(v[j]), toks + [int(ks[j])], nxt[int(ks[j])], row))
        cand.sort(key=lambda x: -x[0])
        live = []
        for score, toks, states, row in cand[:2 * beams]:
            if CITE <= toks[-1] < CITE + CITATIONS:
                done.append((score, toks))
            elif len(live) < beams:
                nxt = {}
                for x, e, c in states:
                    if x < e:
                        nxt.setdefault(int(p[x]), []).append((x + 1, e, c))
                    nxt.setdefault(c, [])
                live.append((score, toks, nxt, row))
        best = max((d[0] for d in done), default=-1e9)
        live = [l for l in live if l[0] > best]
        if not live:
            break
        cache = cache.select([l[3] for l in live])
        lp = logprobs(model, forward(torch.tensor([[l[1][-1]] for l in live], device=device))[:, -1])
    score, span = max(done, default=(-1e9, []))
    return dict(greedy=greedy, span=span, span_score=score, p_none=float(first[NONE].exp()))


# ---- scores ----------------------------------------------------------------------------------------------------------------------
def norm(t, lang):
    t = "".join(c for c in t.lower() if c not in MARKS)
    if lang == "en":
        return re.sub(r"\b(a|an|the)\b", " ", t).split()
    return re.findall(r"[a-z0-9]+|\S", t)


def em_f1(pred, golds, lang):
    best = (0.0, 0.0); p = norm(pred, lang)
    for g in golds:
        g = norm(g, lang); rest = list(g); c = 0
        for w in p:
            if w in rest:
                rest.remove(w); c += 1
        best = (max(best[0], float(p == g)), max(best[1], 2 * c / (len(p) + len(g)) if c else float(p == g)))
    return best


def literal(item, toks):
    """Does the cited passage hold the span?"""
    span = [t for t in toks if t >= SPECIALS]; cite = [t for t in toks if CITE <= t < CITE + CITATIONS]
    for a, e, c in item["segs"]:
        if cite and c == cite[0]:
            seg = item["ids"][a:e].tolist()
            return bool(span) and any(seg[i:i + len(span)] == span for i in range(len(seg)))
    return False


def score(its, res, key, tok):
    em = f1 = cite = said = lit = 0
    for i, r in zip(its, res):
        toks = r[key]
        if not toks or toks[0] == NONE:
            continue
        said += 1; lit += literal(i, toks)
        if i["answers"]:
            e, f = em_f1(tok.decode([t for t in toks if t >= SPECIALS]).strip(), i["answers"], i["lang"]); em += e; f1 += f
            cite += i["cite"] in toks
    n = max(1, len(its)); pc = lambda a, b: round(100 * a / max(1, b), 1)
    return dict(n=len(its), em=pc(em, n), f1=pc(f1, n), cite=pc(cite, said), answered=pc(said, n), literal=pc(lit, said))


def run(model, data, name, n, device):
    its = items(data, name, n); t = time.time()
    f = data.facts; ok = ~((f.kind == 1) & ~f.space) | f.cap
    res = [decode(model, i, ok, device=device) for i in its]
    out = dict(greedy=score(its, res, "greedy", data.tok), sec_per_item=round((time.time() - t) / max(1, len(its)), 3),
               p_none=[round(r["p_none"], 4) for r in res], span_score=[round(r["span_score"], 3) for r in res])
    if "none" not in name:
        out["span"] = score(its, res, "span", data.tok)
        out["f1_of"] = [round(em_f1(data.tok.decode([t for t in r["span"] if t >= SPECIALS]).strip(), i["answers"], i["lang"])[1], 3) for i, r in zip(its, res)]
        out["examples"] = [dict(q=data.tok.decode(data.q[i["q"]]), gold=i["answers"][0], greedy=data.tok.decode(r["greedy"]), span=data.tok.decode(r["span"]),
                                p_none=round(r["p_none"], 3)) for i, r in list(zip(its, res))[:12]]
    return out


def abstention(r):
    """Threshold on P(<|none|>): answerable kept, unanswerable caught, F1 over the answerable with spans kept."""
    out = {}
    for lang in ("en", "zh"):
        if f"{lang}_gold4" in r and f"{lang}_none" in r:
            keep, f1, none = (np.array(x) for x in (r[f"{lang}_gold4"]["p_none"], r[f"{lang}_gold4"]["f1_of"], r[f"{lang}_none"]["p_none"]))
            out[lang] = [dict(threshold=t, kept=round(100 * float((keep < t).mean()), 1), caught=round(100 * float((none >= t).mean()), 1),
                              f1=round(100 * float((f1 * (keep < t)).mean()), 1)) for t in (.05, .1, .15, .2, .3, .4, .5, .6, .7, .8, .9)]
    return out


def main():
    if sys.argv[1] == "--merge":
        r = {}
        for p in sys.argv[3:]:
            r.update(json.load(open(p)))
        r["abstention"] = abstention(r)
        json.dump(r, open(sys.argv[2], "w"), ensure_ascii=False)
        for k, v in r.items():
            if k in SETS:
                print(k, "greedy", v["greedy"], "span", v.get("span"))
        print(json.dumps(r["abstention"]), {k: v for k, v in r.items() if k.startswith("quick")})
        return
    ap = argparse.ArgumentParser()
    ap.add_argument("--data", required=True); ap.add_argument("--ckpt", required=True); ap.add_argument("--out", required=True)
    ap.add_argument("--sets", default=",".join(SETS)); ap.add_argument("--n", type=int, default=300)
    ap.add_argument("--quant", default="none", help="rtn: round the weights to the release's formats first; rtn8: 8 bits everywhere")
    ap.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu"); ap.add_argument("--quick", type=int, default=0)
    a = ap.parse_args()
    data = Dataset(a.data); model, meta = checkpoint.load_model(a.ckpt, a.device)
    MoE.grouped = a.device == "cpu"                       # a GPU decodes single tokens faster through equal slabs
    if a.quant != "none":
        for n, p in model.named_parameters():
            bits = quant.width(n, p.dim())
            if bits:
                p.data = quant.fake(p.data, 8 if a.quant == "rtn8" else bits)
    out = {}
    if a.quick:
        out[f"quick_{a.quant}"] = quick_scores(model, quick_sets(data, a.quick), a.device)
        print(out, flush=True)
    for s in a.sets.split(",") if a.sets else []:
        out[s] = run(model, data, s, a.n, a.device)
        print(s, a.quant, {k: v for k, v in out[s].items() if k in ("greedy", "span", "sec_per_item")}, flush=True)
    json.dump(out, open(a.out, "w"), ensure_ascii=False)


if __name__ == "__main__":
    main()
