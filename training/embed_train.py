"""Trainer of seine-embed: masked tokens, then contrastive pairs and lists to rank, one run. Progress is wall clock (--seconds) or steps.

The learning rate is constant through the masked part, lower in the contrastive part, and falls to zero over its second
half; the last part sees the weights as the release will store them (quant.py). --pack PREFIX gets a packed checkpoint
every two minutes and at the end; RUN/decay_in, written from outside, ends the run within that many seconds.
"""
import argparse, dataclasses, json, math, os, sys, threading, time
import numpy as np, torch, torch.nn.functional as F
import batches, checkpoint, optim, quant
import embed_data, embed_model
from dataset import Dataset
from embed_eval import scores
from model import token_loss

WIDTHS = ((384, 1.0), (256, .4), (128, .4), (64, .4))    # Matryoshka: width, weight of its loss
TEMPERATURE = 0.04


def contrast(q, p, want, have, both):
    """q [N,d], p [M,d], the first N rows of p answer q in order. want [N], have [M]: equal ids are no negatives."""
    n = len(q)
    same = want[:, None] == have[None]
    same[torch.arange(n), torch.arange(n)] = False
    y = torch.arange(n, device=q.device); total = 0.0; parts = []
    for d, w in WIDTHS:
        a, b = (F.normalize(x[:, :d].float(), dim=-1) for x in (q, p))
        z = (a @ b.T / TEMPERATURE).masked_fill(same, float("-inf"))
        l = F.cross_entropy(z, y)
        if both:
            l = (l + F.cross_entropy(z[:, :n].T, y)) / 2
        total = total + w * l; parts.append(l.detach())
    return total / sum(w for _, w in WIDTHS), parts[0]


def main():
    ap = argparse.ArgumentParser()
    for k in ("data", "run"):
        ap.add_argument("--" + k, required=True)
    ap.add_argument("--pack", default=""); ap.add_argument("--seconds", type=float, default=0); ap.add_argument("--steps", type=int, default=0)
    ap.add_argument("--mlm", type=float, default=.3, help="share of progress for masked tokens")
    ap.add_argument("--dropout", type=float, default=0); ap.add_argument("--decay", type=float, default=.45); ap.add_argument("--qat", type=float, default=.12)
    ap.add_argument("--lr", type=float, default=3e-3); ap.add_argument("--adam-lr", type=float, default=2e-3); ap.add_argument("--embed-lr", type=float, default=1e-2)
    ap.add_argument("--contrast-lr", type=float, default=.5, help="factor in the contrastive part")
    ap.add_argument("--seed", type=int, default=1); ap.add_argument("--workers", type=int, default=12); ap.add_argument("--device", default="cuda")
    ap.add_argument("--eval-every", type=float, default=150); ap.add_argument("--log-every", type=int, default=25); ap.add_argument("--small", action="store_true", help="tiny batches, to try the code")
    ap.add_argument("--config", default="{}"); ap.add_argument("--init", default="", help="packed checkpoint to go on from")
    a = ap.parse_args(); born = time.time(); os.makedirs(a.run, exist_ok=True)
    if a.small:
        embed_data.MLM = (4, 64, 16); embed_data.N, embed_data.LQ, embed_data.LP = 8, 32, 96; embed_data.RANK = (4, 8, 128)
    emb = f"{a.data}/embed.npz"
    loader = batches.Loader(embed_data.source(a.data, emb, a.mlm), a.seed, a.workers, refresh_every=20, ahead=24)
    cuda = a.device == "cuda"; dtype = torch.bfloat16 if cuda else torch.float32
    torch.manual_seed(a.seed); torch.set_float32_matmul_precision("high")
    c = embed_model.Config(**json.loads(a.config)); model = embed_model.Model(c).to(a.device).train()
    if a.init:
        model.load_state_dict({"score": model.score.detach().cpu(), **checkpoint.load(a.init)[0]}); model.to(a.device)   # a first run had no score
    model.dropout = a.dropout; ce = token_loss
    if cuda:
        torch._dynamo.config.recompile_limit = 64
        model.block = torch.compile(embed_model.block, dynamic=False); ce = torch.compile(token_loss, dynamic=False)
    o1, o2 = optim.build(model, a.lr, .1, a.adam_lr, a.embed_lr, compiled=cuda)
    fq = quant.FakeQuant(model); data = Dataset(a.data); z = np.load(emb)
    logf = open(a.run + "/log.jsonl", "a")
    def log(**k):
        line = json.dumps(k); logf.write(line + "\n"); logf.flush(); print(line[:400], flush=True)
    log(params=sum(p.numel() for p in model.parameters()), config=dataclasses.asdict(c), args=vars(a))
    step, spent, seen = 0, 0.0, 0
    progress = lambda: step / a.steps if a.steps else spent / a.seconds
    packing = []
    def pack(wait=False):
        if not a.pack:
            return
        for t in packing:
            t.join()
        w = {k: v.detach().clone().cpu() for k, v in model.state_dict().items()}; meta = dict(kind="seine-embed", config=dataclasses.asdict(c), step=step, spent=spent, texts=seen)
        def job():
            checkpoint.write_parts(checkpoint.pack(w, meta), a.pack)
        packing[:] = [threading.Thread(target=job)]; packing[0].start()
        if wait:
            packing[0].join()
    def evaluate(p, n):
        model.eval()
        if p > 1 - a.qat:
            fq.enter()
        log(eval=scores(model, data, z, a.device, dtype, n), step=step, p=round(p, 4))
        if p > 1 - a.qat:
            fq.leave()
        model.train()
    put = lambda x, t="int64": torch.from_numpy(x.astype(t)).to(a.device, non_blocking=True)
    acc, waited, mark, t_prev, next_eval, next_pack = {}, 0.0, time.time(), None, a.eval_every, 120.0
    local = fresh = failed = 0; shapes = set()
    while True:
        if step % 10 == 0 and os.path.exists(f"{a.run}/decay_in"):
            left = float(open(f"{a.run}/decay_in").read()); os.remove(f"{a.run}/decay_in")
            a.seconds = spent + left; a.decay = left / a.seconds; a.qat = .3 * a.decay; log(decay_in=left, p=round(progress(), 4))
        p = progress()
        if p >= 1:
            break
        t_w = time.time()
        try:
            b = loader.get(step, lambda _: p)
        except RuntimeError as e:
            log(error=str(e)); failed = 1
            break
        waited += time.time() - t_w
        f = min(1.0, (step + 1) / 100)
        if b[0] != "mlm":
            f *= a.contrast_lr
        f *= 1.0 if p < 1 - a.decay else (1 - p) / a.decay
        for o in (o1, o2):
            for g in o.param_groups:
                g["lr"] = g["base"] * f
        qat = p > 1 - a.qat
        new = b[0] not in shapes; shapes.add(b[0]); t_new = time.time()
        if qat:
            fq.enter()
        if b[0] == "mlm":
            ids, place, target = (put(x) for x in b[1:])
            h = model(ids, torch.full((len(ids),), ids.shape[1], device=a.device), dtype)
            h = h.gather(1, place[..., None].expand(-1, -1, c.hidden_size)).reshape(-1, c.hidden_size)
            loss = shown = ce(h, model.embed_tokens.weight, target.reshape(-1)).mean(); seen += len(ids)
        elif b[0] == "rank":
            rank = model.relevance(*(put(x) for x in b[1:]), dtype).view(-1, embed_data.RANK[1])
            loss = shown = F.cross_entropy(rank, torch.zeros(len(rank), dtype=torch.int64, device=a.device)); seen += len(b[1])
        else:
            _, q, ql, x, xl, want, have = b
            hq = model.embed(put(q), put(ql), dtype)
            hx = torch.cat([model.embed(put(x[i:i + len(q)]), put(xl[i:i + len(q)]), dtype) for i in range(0, len(x), len(q))])
            loss, shown = contrast(hq, hx, put(want), put(have), b[0] in ("par", "cross", "crop", "intent")); seen += len(q) + len(x)
        loss.backward()
        if qat:
            fq.leave()
        gn = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        o1.step(); o2.step(); o1.zero_grad(set_to_none=True); o2.zero_grad(set_to_none=True)
        acc.setdefault(b[0], []).append(shown.detach()); step += 1; local += 1
        if new and cuda:                                  # a shape's first step compiles: not counted
            torch.cuda.synchronize(); print("first", b[0], round(time.time() - t_new, 1), "s", flush=True); t_prev = time.time()
        if t_prev is not None:
            spent += time.time() - t_prev
        t_prev = time.time()
        if step % a.log_every == 0 or step == a.steps:
            v = {k: [round(float(torch.stack(x).mean()), 4), len(x)] for k, x in acc.items()}; acc = {}
            now = time.time()
            log(step=step, p=round(p, 4), loss=v, gn=round(float(gn), 3), sps=round((step - fresh) / (now - mark), 2), lr=round(a.lr * f, 6), wait=round(waited, 2), qat=int(qat),
                sec=round(now - born, 1), seen=seen, mem=round(torch.cuda.max_memory_allocated() / 2 ** 30) if cuda else 0)
            mark, waited, fresh = now, 0.0, step
            if not all(math.isfinite(x[0]) for x in v.values()):
                log(error="loss is not finite"); failed = 1
                break
        if time.time() - born > next_pack:
            next_pack += 120; pack()
        if time.time() - born > next_eval and b[0] != "mlm":
            next_eval = time.time() - born + a.eval_every; evaluate(p, 1500); t_prev = mark = time.time()
    evaluate(progress(), 20 if a.small else 4000); pack(wait=True)
    log(done=True, step=step, spent=round(spent, 1), sec=round(time.time() - born, 1))
    for p in loader.procs:
        p.terminate()
    sys.stdout.flush(); os._exit(failed)


if __name__ == "__main__":
    main()
