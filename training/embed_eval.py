"""What seine-embed is worth on its own validation split: retrieval (English, Chinese), across the languages, FAQ, intent.

usage: embed_eval.py --data DATA --ckpt CKPT [--quant rtn] [--n 2000]
"""
import argparse, json
import numpy as np, torch
import checkpoint, quant
from dataset import Dataset, Ragged
from embed_data import PASSAGE, QUERY


@torch.no_grad()
def vectors(model, texts, mark, limit, device, dtype, batch=512):
    """-> [n, d] float32, of length 1; texts of like length go together"""
    order = np.argsort([len(t) for t in texts], kind="stable"); out = None
    for at in range(0, len(texts), batch):
        rows = order[at:at + batch]; part = [texts[i][:limit - 1] for i in rows]
        T = (max(map(len, part)) + 1 + 15) // 16 * 16
        ids = np.zeros((len(part), T), np.int64); n = np.array([len(t) + 1 for t in part])
        for k, t in enumerate(part):
            ids[k, 0] = mark; ids[k, 1:1 + len(t)] = t
        v = model.embed(torch.from_numpy(ids).to(device), torch.from_numpy(n).to(device), dtype)
        v = torch.nn.functional.normalize(v, dim=-1)
        out = torch.zeros(len(texts), v.shape[1], device=device) if out is None else out
        out[torch.from_numpy(rows).to(device)] = v
    return out


def ranks(q, p, right, width):
    """rank (from 0) of passage right[i] for query i"""
    norm = lambda x: torch.nn.functional.normalize(x[:, :width], dim=-1)
    q, p = norm(q), norm(p); out = []
    for at in range(0, len(q), 1024):
        z = q[at:at + 1024] @ p.T; r = torch.from_numpy(right[at:at + 1024]).to(z.device)
        out.append((z > z.gather(1, r[:, None])).sum(1))
    return torch.cat(out).float()


def recall(r):
    return [round(100 * float((r < k).float().mean()), 1) for k in (1, 5, 10)]


@torch.no_grad()
def rerank(model, data, qs, lists, device, dtype, limit=256, batch=2048):
    """qs: questions; lists [n, k]: passages -> [n, k] float32, how well each passage answers"""
    n, k = lists.shape; out = torch.zeros(n * k, device=device)
    whole = {int(p): np.concatenate([data.title[p], data.text[p]]) for p in np.unique(lists)}
    size = np.array([len(data.q[q]) for q in qs]).repeat(k) + np.array([len(whole[int(p)]) for p in lists.ravel()])
    order = np.argsort(size, kind="stable")
    for at in range(0, n * k, batch):
        rows = order[at:at + batch]; T = min(limit, (int(size[rows].max()) + 2 + 31) // 32 * 32)
        ids = np.zeros((len(rows), T), np.int64); length, asked = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
        for i, at_ in enumerate(rows):
            q = data.q[qs[at_ // k]][:63]; x = np.concatenate([[QUERY], q, [PASSAGE], whole[int(lists.ravel()[at_])]])[:T]
            ids[i, :len(x)] = x; length[i] = len(x); asked[i] = 1 + len(q)
        out[torch.from_numpy(rows).to(device)] = model.relevance(*(torch.from_numpy(x).to(device) for x in (ids, length, asked)), dtype)
    return out.view(n, k)


def scores(model, data, z, device, dtype, n=2000):
    block = model.block
    import embed_model
    model.block = embed_model.block                      # lengths vary: not the compiled one
    out = {}
    embed = lambda texts, mark, limit=256: vectors(model, texts, mark, limit, device, dtype)
    for lang in ("en", "zh"):
        qs = data.questions(lang, "val")[:n]; pool = np.flatnonzero((data.lang == (lang == "zh")) & (data.src < 3))
        if n < 1000:
            pool = np.unique(np.concatenate([pool[:n], data.span[qs, 0]]))
        at = {int(p): i for i, p in enumerate(pool)}
        p = embed([np.concatenate([data.title[i], data.text[i]]) for i in pool], PASSAGE); q = embed([data.q[i] for i in qs], QUERY, 64)
        right = np.array([at[int(data.span[i, 0])] for i in qs])
        for w in ((384, 128) if lang == "en" else (384,)):
            out[f"{lang}_{w}"] = recall(ranks(q, p, right, w))
        if f"bm25_{lang}" in z and n >= 1000:            # ranks of BM25 and ours, added: w / (10 + rank)
            near = torch.from_numpy(z[f"bm25_{lang}"][:len(qs)].astype(np.int64)).to(device)
            hit = near == torch.from_numpy(right).to(device)[:, None]
            out[f"{lang}_bm25"] = recall(torch.where(hit.any(1), hit.float().argmax(1), torch.full_like(hit[:, 0], 999, dtype=torch.float32)))
            sim = torch.cat([q[i:i + 512] @ p.T for i in range(0, len(q), 512)])
            for w in (.2, .35, .5):
                own = sim.topk(min(100, len(p)), 1).indices
                fused = torch.zeros_like(sim)
                place = lambda x: 1 / (10 + torch.arange(x.shape[1], device=device, dtype=sim.dtype)).expand_as(x)
                fused.scatter_add_(1, near, (1 - w) * place(near)); fused.scatter_add_(1, own, w * place(own))
                g = fused.gather(1, torch.from_numpy(right).to(device)[:, None])
                out[f"{lang}_hybrid_{w}"] = recall(torch.where(g[:, 0] > 0, (fused > g).sum(1).float(), torch.full_like(g[:, 0], 999)))
            depth = min(50 if n > 2000 else 24, near.shape[1]); few = min(len(qs), n if n > 2000 else 600)
            got = rerank(model, data, qs[:few], pool[z[f"bm25_{lang}"][:few, :depth].astype(np.int64)], device, dtype)
            mine = hit[:few, :depth]; seen = mine.any(1)
            for w in (0, .5, 1):                         # BM25's rank as a prior
                v = got - w * torch.log(5 + torch.arange(depth, device=device))[None]
                place = (v > v.masked_fill(~mine, -1e9).amax(1, keepdim=True)).sum(1).float()
                out[f"{lang}_rerank{depth}_{w}"] = recall(torch.where(seen, place, torch.full_like(place, 999)))
            out[f"{lang}_within{depth}"] = round(100 * float(seen.float().mean()), 1)
            del sim
    k = np.flatnonzero(data.par_doc % 20 == 0)[:min(2000, n)]
    e, c = (embed([data.par[l][i] for i in k], QUERY, 128) for l in ("en", "zh"))
    out["par"] = recall(ranks(c, e, np.arange(len(k)), 384))      # documents held out of seine-embed's training
    fq, fa = Ragged(z["faq_q"], z["faq_q_at"]), Ragged(z["faq_a"], z["faq_a_at"]); v = np.flatnonzero(z["faq_val"])[:n]
    out["faq"] = recall(ranks(embed([fq[i] for i in v], QUERY, 64), embed([fa[i] for i in v], PASSAGE), np.arange(len(v)), 384))
    texts = Ragged(z["intent"], z["intent_at"])
    for name in ("banki", "clinc", "hwu64"):
        of = (z["intent_set"] == name) & ~z["intent_oos"]
        tr, va = np.flatnonzero(of & ~z["intent_val"])[:n * 8], np.flatnonzero(of & z["intent_val"])[:n]
        a, b = embed([texts[i] for i in tr], QUERY, 64), embed([texts[i] for i in va], QUERY, 64)
        cls, y = np.unique(z["intent_class"][tr], return_inverse=True)
        mean = torch.zeros(len(cls), a.shape[1], device=device).index_add_(0, torch.from_numpy(y).to(device), a)
        guess = (b @ torch.nn.functional.normalize(mean, dim=-1).T).argmax(1).cpu().numpy()
        out["intent_" + name] = round(100 * float((cls[guess] == z["intent_class"][va]).mean()), 1)
    model.block = block
    return out


def load(path, device="cpu"):
    from embed_model import Config, Model
    state, meta = checkpoint.load(path); m = Model(Config(**meta["config"])); m.load_state_dict(state)
    return m.to(device).eval(), meta


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--data", required=True); ap.add_argument("--ckpt", required=True); ap.add_argument("--quant", default="none"); ap.add_argument("--n", type=int, default=2000)
    ap.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    a = ap.parse_args(); model, meta = load(a.ckpt, a.device)
    if a.quant == "rtn":
        for n, p in model.named_parameters():
            if quant.width(n, p.dim()):
                p.data = quant.fake(p.data, quant.width(n, p.dim()))
    print(json.dumps(scores(model, Dataset(a.data), np.load(a.data + "/embed.npz"), a.device, torch.bfloat16 if a.device == "cuda" else torch.float32, a.n)))


if __name__ == "__main__":
    main()
