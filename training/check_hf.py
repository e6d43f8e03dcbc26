"""Checks that need Hugging Face's libraries (transformers 5, tokenizers) and, for --grouped, a GPU.

usage: check_hf.py --random OUT.pt
       check_hf.py --hf DIR --ckpt CKPT --data DATA [--dequantised]     our logits against DeepseekV3ForCausalLM, float32
       check_hf.py --tokenizer DATA                                      tokenizer.json against our ids
       check_hf.py --grouped                                             grouped products against the plain loop; speed
"""
import argparse, json, sys, time
import numpy as np, torch
from model import Config, Model, MoE


def logits(hf, ckpt, data, dequantised):
    from transformers import DeepseekV3ForCausalLM
    import checkpoint, quant
    from dataset import Dataset
    from evaluate import items
    torch.backends.cuda.matmul.allow_tf32 = False
    ref, info = DeepseekV3ForCausalLM.from_pretrained(hf, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    print({k: sorted(v)[:4] for k, v in info.items() if v})
    dev = "cuda" if torch.cuda.is_available() else "cpu"
    ref = ref.to(dev).eval()
    ours, _ = checkpoint.load_model(ckpt, dev)
    if dequantised:
        for n, p in ours.named_parameters():
            if quant.width(n, p.dim()):
                p.data = quant.fake(p.data, quant.width(n, p.dim()))
    its = [i["ids"] for s in ("en_gold4", "zh_gold") for i in items(Dataset(data), s, 4)]
    its += [np.random.default_rng(0).integers(0, ours.c.vocab_size, 700)]
    worst, agree, n = 0.0, 0, 0
    with torch.no_grad():
        for x in its:
            x = torch.from_numpy(x)[None].to(dev)
            a, b = ref(x).logits.float(), ours.logits(ours(x)).float()
            worst = max(worst, float((a - b).abs().max())); agree += int((a.argmax(-1) == b.argmax(-1)).sum()); n += x.shape[1]
            scale = float(b.abs().max())
    print(json.dumps(dict(check="hf logits", max_diff=worst, largest=scale, argmax_agreement=agree / n)), flush=True)


def tokenizer(dir):
    from tokenizers import Tokenizer as HF
    from dataset import Dataset
    d = Dataset(dir); tok = d.tok; hf = HF.from_file(f"{dir}/tokenizer.json")
    texts = [tok.decode(d.text[i]) for i in range(0, len(d.text), 11)] + [tok.decode(np.array(d.lm[l][0][:60000])).replace("<|doc|>", "\n") for l in d.lm]
    texts += ["Hello  world\r\n\tx", "  lead", "a\u3000b\u00a0c", "½ ² Ⅷ 〇 々 ㍿ €5.00", "naïve café's ﬁ", "😀👍🏽 \u200b\ufeff", "조선 말 かな カナ", "[3] is not a citation"]
    bad = 0
    for t in texts:
        if "[" in t and any(f"[{i}]" in t for i in range(1, 17)):
            t = t.replace("[", "(")
        if hf.encode(t).ids != tok.encode_plain(t).tolist():
            bad += 1
            if bad < 4:
                a, b = hf.encode(t).ids, tok.encode_plain(t).tolist()
                k = next(i for i in range(min(len(a), len(b))) if a[i] != b[i])
                print("differs:", repr(tok.decode(a[k - 3:k + 4])), a[k - 3:k + 4], b[k - 3:k + 4])
    print(json.dumps(dict(check="tokenizer", texts=len(texts), different=bad)), flush=True)


def random_checkpoint(path):
    """A model whose every weight matters (training starts some at zero)."""
    import dataclasses
    torch.manual_seed(3); m = Model(Config())
    for n, p in m.named_parameters():
        if p.abs().max() == 0:
            torch.nn.init.normal_(p, std=.05)
    for l in m.layers[1:]:
        torch.nn.init.normal_(l.mlp.gate.e_score_correction_bias, std=.05)
    torch.save(dict(state=m.state_dict(), meta=dict(config=dataclasses.asdict(m.c), step=0, tokens=0)), path)


def grouped():
    torch.manual_seed(0); c = Config(); m = MoE(c).cuda()
    torch.nn.init.normal_(m.experts.down_proj, std=.05); torch.nn.init.normal_(m.shared_experts.down_proj.weight, std=.05)
    x0 = torch.randn(4, 2048, c.hidden_size, device="cuda")
    def step(kind, dtype=torch.bfloat16, f=None):
        MoE.grouped = kind; m.train(); m.capacity = 8.0 if not kind else 2.0; m.zero_grad()
        x = x0.to(dtype).requires_grad_()
        y = (f or m)(x); (y.float() ** 2).sum().backward()
        return [y.float(), x.grad.float(), m.experts.gate_proj.grad.clone(), m.experts.down_proj.grad.clone()]
    with torch.autocast("cuda", dtype=torch.bfloat16):
        a, b = step(True), step(False)
        rel = [float((p - q).norm() / q.norm()) for p, q in zip(a, b)]
        fn = torch.compile(m, dynamic=False); MoE.grouped = True
        e = step(True, f=fn); rel += [float((p - q).norm() / q.norm()) for p, q in zip(e, b)]
        x0 = torch.randn(64, 2048, c.hidden_size, device="cuda"); ms = {}
        for kind in (True, False):
            for k in range(8):
                if k == 3:
                    torch.cuda.synchronize(); t = time.time()
                MoE.grouped = kind; m.capacity = 2.0
                x = x0.to(torch.bfloat16).requires_grad_(); m(x).sum().backward()
            torch.cuda.synchronize(); ms[kind] = (time.time() - t) / 5 * 1e3
    ok = max(rel) < .03 and all(np.isfinite(rel))
    print(json.dumps(dict(check="grouped", relative=[round(r, 5) for r in rel], ok=ok, grouped_ms=round(ms[True], 2), slabs_ms=round(ms[False], 2))), flush=True)
    return ok and ms[True] < 1.1 * ms[False]


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--hf"); ap.add_argument("--ckpt"); ap.add_argument("--data"); ap.add_argument("--dequantised", action="store_true")
    ap.add_argument("--random", help="write a random checkpoint here"); ap.add_argument("--tokenizer"); ap.add_argument("--grouped", action="store_true")
    a = ap.parse_args()
    if a.random:
        random_checkpoint(a.random)
    if a.tokenizer:
        tokenizer(a.tokenizer)
    if a.hf:
        logits(a.hf, a.ckpt, a.data, a.dequantised)
    if a.grouped:
        sys.exit(0 if grouped() else 1)
