"""Trainer. One stretch of a run: starts fresh, or goes on from RUN/state.pt (all state) or --init (weights only).

Warm-up, stable, decay to zero. Progress runs from 0 to 1 over --steps (exactly repeatable) or, on a borrowed machine,
over --seconds of training wall clock (the step at which each learning rate was used is in log.jsonl). A stretch ends at
--until seconds of its own or at progress 1; --pack PREFIX gets a packed checkpoint every two minutes and at the end.
"""
import argparse, dataclasses, json, math, os, shutil, sys, threading, time
import torch
import batches, checkpoint, optim, quant
from dataset import Dataset
from evaluate import quick_sets, quick_scores
from model import Config, Layer, Model, MoE, block_mask, count, plain_mask, token_loss

WARM, BIAS_SPEED, BALANCE = 100, 0.003, 0.01


def arguments():
    ap = argparse.ArgumentParser()
    ap.add_argument("--data", required=True); ap.add_argument("--run", required=True); ap.add_argument("--pack", default="")
    ap.add_argument("--steps", type=int, default=0); ap.add_argument("--seconds", type=float, default=0, help="of the whole run")
    ap.add_argument("--finish-in", type=float, default=0, help="end the run, decay included, after this many more seconds of training")
    ap.add_argument("--until", type=float, default=1e9, help="seconds of this process, start-up included")
    ap.add_argument("--max-steps", type=int, default=10 ** 9, help="stop here whatever the schedule says")
    ap.add_argument("--B", type=int, default=64); ap.add_argument("--T", type=int, default=2048)
    ap.add_argument("--lr", type=float, default=3e-3); ap.add_argument("--adam-lr", type=float, default=2e-3); ap.add_argument("--embed-lr", type=float, default=1e-2); ap.add_argument("--embed-std", type=float, default=0.2)
    ap.add_argument("--wd", type=float, default=0.1)
    ap.add_argument("--decay", type=float, default=0.22); ap.add_argument("--qat", type=float, default=0.12, help="last share of progress with quantised weights")
    ap.add_argument("--dropout", type=float, default=0)
    ap.add_argument("--plan", default="scratch", choices=list(batches.STAGES), help="mixture over progress")
    ap.add_argument("--restart", action="store_true", help="with --init: progress from 0; step and tokens go on")
    ap.add_argument("--seed", type=int, default=1); ap.add_argument("--workers", type=int, default=12)
    ap.add_argument("--init", default="", help="checkpoint to go on from without optimiser state: step, tokens and seconds come with it")
    ap.add_argument("--config", default="{}", help="JSON over model.Config"); ap.add_argument("--options", default="{}", help="JSON over tasks' options")
    ap.add_argument("--rank", type=int, default=0); ap.add_argument("--world", type=int, default=1, help="processes that share one run, B rows each (data parallel)")
    ap.add_argument("--meet", default="tcp://127.0.0.1:29517", help="where they meet")
    ap.add_argument("--grouped", type=int, default=0); ap.add_argument("--device", default="cuda"); ap.add_argument("--eval-every", type=float, default=150)
    ap.add_argument("--log-every", type=int, default=25); ap.add_argument("--quick", type=int, default=128, help="items a set of the quick figures")
    return ap.parse_args()


class Shared:
    """What the processes of one run have in common: the start, the mean gradient, the clock."""

    def __init__(self, a, model):
        import torch.distributed as dist
        self.dist, self.world = dist, a.world
        dist.init_process_group("nccl" if a.device == "cuda" else "gloo", init_method=a.meet, rank=a.rank, world_size=a.world)
        self.control = dist.new_group(backend="gloo")    # small words that the CPU needs: not behind the GPU's queue
        for t in model.state_dict().values():
            dist.broadcast(t, 0)

    def agree(self, *numbers):
        x = torch.tensor(numbers, dtype=torch.float64)
        self.dist.broadcast(x, 0, group=self.control)
        return x.tolist()

    def mean_gradients(self, model):
        g = [p.grad for p in model.parameters() if p.grad is not None]
        flat = torch.cat([x.reshape(-1) for x in g])
        self.dist.all_reduce(flat); flat /= self.world
        for x, y in zip(g, flat.split([x.numel() for x in g])):
            x.copy_(y.view_as(x))


def main():
    a = arguments(); born = time.time()
    os.makedirs(a.run, exist_ok=True)
    loader = batches.Loader(batches.rows(a.data, json.loads(a.options), a.B, a.T, a.plan), a.seed + 15485863 * a.rank, a.workers)
    cuda = a.device == "cuda"
    torch.manual_seed(a.seed); torch.set_float32_matmul_precision("high")
    MoE.grouped = bool(a.grouped); Layer.dropout = a.dropout
    state_path = f"{a.run}/state.pt"
    model = Model(Config(**json.loads(a.config)), a.embed_std); c = model.c
    step, tokens, spent = 0, 0, 0.0
    saved = None
    if os.path.exists(state_path):
        saved = torch.load(state_path, map_location="cpu"); step, tokens, spent = saved["step"], saved["tokens"], saved["spent"]
        model.load_state_dict(saved["model"])
    elif a.init:
        state, meta = checkpoint.load(a.init); model.load_state_dict(state)
        step, tokens, spent = meta["step"], meta["tokens"], 0.0 if a.restart else meta.get("spent", 0.0)
    if a.finish_in:
        a.seconds = spent + a.finish_in
    warm_from = 0 if saved or not a.init else step        # no optimiser state: warm up again
    warm_to = step if saved and step >= WARM else warm_from + WARM
    if cuda:
        torch.cuda.set_device(a.rank if torch.cuda.device_count() >= a.world > 1 else 0)
    model = model.to(a.device).train()
    loss_fn = token_loss
    if cuda:
        torch._dynamo.config.recompile_limit = 64
        model.run = [torch.compile(l, dynamic=False) for l in model.layers]
        loss_fn = torch.compile(token_loss, dynamic=False)
    o1, o2 = optim.build(model, a.lr, a.wd, a.adam_lr, a.embed_lr, compiled=cuda)
    if saved:
        o1.load_state_dict(saved["o1"]); o2.load_state_dict(saved["o2"]); saved = None
    shared = Shared(a, model) if a.world > 1 else None
    moes = [l.mlp for l in model.layers if isinstance(l.mlp, MoE)]
    fq = quant.FakeQuant(model)
    first = a.rank == 0
    data = Dataset(a.data) if first else None; quick = quick_sets(data, a.quick) if first else None
    logf = open(a.run + "/log.jsonl" if first else os.devnull, "a")
    def log(**k):
        if not first:
            return
        line = json.dumps(k); logf.write(line + "\n"); logf.flush(); print(line[:520], flush=True)
    total, active = count(model)
    flop = 6 * active + 6 * c.num_hidden_layers * c.num_attention_heads * (c.qk_nope_head_dim + c.qk_rope_head_dim + c.v_head_dim) * 350
    log(params=total, active=active, config=dataclasses.asdict(c), args={k: v for k, v in vars(a).items()}, start_step=step)

    def weights():
        return {k: v.detach().clone() for k, v in model.state_dict().items()}

    packing = []
    def pack(wait=False):
        if not (a.pack and first):
            return
        for t in packing:
            t.join()
        w = {k: v.cpu() for k, v in weights().items()}
        meta = dict(config=dataclasses.asdict(c), step=step, tokens=tokens, spent=spent, seed=a.seed)
        def job():
            checkpoint.write_parts(checkpoint.pack(w, meta), a.pack)
            home = os.path.dirname(os.path.abspath(a.pack)) + "/log.jsonl"
            if os.path.abspath(a.run + "/log.jsonl") != home:
                shutil.copy(a.run + "/log.jsonl", home)
        packing[:] = [threading.Thread(target=job)]; packing[0].start()
        if wait:
            packing[0].join()

    def progress():
        return step / a.steps if a.steps else spent / a.seconds

    def evaluate(p):
        if not first:
            return
        model.eval()
        if p > 1 - a.qat:
            fq.enter()
        log(eval=quick_scores(model, quick, a.device), step=step, p=round(p, 4), tokens=tokens)
        if p > 1 - a.qat:
            fq.leave()
        model.train()

    acc, mark, mark_tokens, mark_step = [], None, tokens, step
    next_eval, next_pack = a.eval_every, 120.0
    t_prev = None; waited = 0.0; local = 0; failed = False
    while True:
        p = progress(); over = time.time() - born > a.until; left = 0.0
        if local % 25 == 0 and first and os.path.exists(f"{a.run}/decay_in"):   # written from outside: decay now, within so many seconds
            left = float(open(f"{a.run}/decay_in").read()); os.remove(f"{a.run}/decay_in")
        if shared:                                        # the first process's clock is everyone's
            p, over, left, spent = shared.agree(p, float(over), left, spent)
        if p >= 1 or over or step >= a.max_steps:
            break
        if left:
            a.seconds = spent + left; a.decay = left / a.seconds; a.qat = 0.5 * a.decay; p = progress()
            log(decay_in=left, p=round(p, 4))
        t_w = time.time()
        try:
            ids, cls, doc = loader.get(step, lambda k: min(1.0, k / a.steps) if a.steps else p)
        except RuntimeError as e:                         # save what there is before leaving
            log(error=str(e)); failed = True
            break
        waited += time.time() - t_w
        warm = min(1.0, (step - warm_from + 1) / WARM) if step < warm_to else 1.0
        f = warm * (1.0 if p < 1 - a.decay else max(0.0, (1 - p) / a.decay))
        for o in (o1, o2):
            for g in o.param_groups:
                g["lr"] = g["base"] * f
        put = lambda x, t: torch.from_numpy(x.astype(t)).pin_memory().to(a.device, non_blocking=True) if cuda else torch.from_numpy(x.astype(t))
        x = put(ids, "int64"); k = put(cls, "uint8").view(-1); d = put(doc, "int32")
        mask = block_mask(d) if cuda else plain_mask(d)
        qat = p > 1 - a.qat
        if qat:
            fq.enter()
        with torch.autocast(a.device, dtype=torch.bfloat16, enabled=cuda):
            h = model(x[:, :-1], mask, compiled=cuda).view(-1, c.hidden_size)
            y = x[:, 1:].reshape(-1)
            l = loss_fn(h, model.embed_tokens.weight, y)
        wl, wa = (k == 1).float(), (k == 2).float()
        lm = (l * wl).sum() / wl.sum().clamp(min=1); ans = (l * wa).sum() / wa.sum().clamp(min=1)
        (batches.stage(a.plan, p)[1] * lm + ans).backward()
        if qat:
            fq.leave()
        if shared:
            shared.mean_gradients(model)
        gn = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        o1.step(); o2.step()
        o1.zero_grad(set_to_none=True); o2.zero_grad(set_to_none=True)
        with torch.no_grad():
            load = torch.stack([m.load for m in moes])
            if shared:
                torch.distributed.all_reduce(load)
            fair = load.mean(1, keepdim=True)
            speed = (BALANCE if step < 500 else BIAS_SPEED) * (p < 1 - a.decay / 2)
            for m, s in zip(moes, torch.sign(fair - load) * speed):
                m.gate.e_score_correction_bias += s
            acc.append(torch.stack([lm.detach(), ans.detach(), gn.detach(), (load / fair).max(), ((load - 2 * fair).clamp(min=0).sum() / load.sum())]))
        step += 1; local += 1; tokens += a.B * a.T * a.world
        now = time.time()
        if local <= 5:                                    # compiling: not counted as training time
            if cuda:
                torch.cuda.synchronize()
            now = time.time()
            if local == 5:
                print("compiled", round(now - born, 1), "s", flush=True)
            mark, mark_tokens, t_prev, waited = now, tokens, now, 0.0
        else:
            spent += now - t_prev; t_prev = now
        if step % a.log_every == 0 or step == a.steps:
            v = torch.stack(acc).mean(0).tolist(); acc = []; now = time.time()
            rate = (tokens - mark_tokens) / max(1e-9, now - mark)
            log(step=step, p=round(p, 4), tok=tokens, lm=round(v[0], 4), ans=round(v[1], 4), gn=round(v[2], 3), peak=round(v[3], 3), over2=round(v[4], 4),
                kps=round(rate / 1e3, 1), mfu=round(rate * flop / 990e12, 4), lr=round(a.lr * f, 6), wait=round(waited, 2), qat=int(qat), sec=round(now - born, 1),
                mem=round(torch.cuda.max_memory_allocated() / 2 ** 30) if cuda else 0)
            mark, mark_tokens, waited = now, tokens, 0.0
            if not math.isfinite(v[0] + v[1]):
                log(error="loss is not finite"); break
        if time.time() - born > next_pack:
            next_pack += 120; pack()
        if time.time() - born > next_eval:
            next_eval += a.eval_every
            if cuda:
                torch.cuda.synchronize()
            spent += time.time() - t_prev; evaluate(p)
            t_prev = mark = time.time(); mark_tokens = tokens
    if cuda:
        torch.cuda.synchronize()
    p = progress(); final = p >= 1
    if first:
        torch.save(dict(model=model.state_dict(), o1=o1.state_dict(), o2=o2.state_dict(), step=step, tokens=tokens, spent=spent), state_path + ".tmp")
        os.replace(state_path + ".tmp", state_path)
    evaluate(p)
    pack(wait=True)
    log(done=True, step=step, tokens=tokens, spent=round(spent, 1), sec=round(time.time() - born, 1), final=final)
    loader.close(); sys.stdout.flush(); os._exit(int(failed))


if __name__ == "__main__":
    main()
