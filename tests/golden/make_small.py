#!/usr/bin/env python3
"""Golden answers for tiny checkpoints of every architecture, small enough to be kept.

    make_small.py MODEL_PY [CASE...]      (PyTorch 1.13 or newer; two minutes on two cores)

MODEL_PY is the maker's published inference code for DeepSeek-V3 (inference/model.py), which is not part of this project:
its attention, experts and gate answer for the DeepSeek cases. The llama family and BERT are written out below from their
papers, the sparse attention of V3.2 from its report. Checkpoints follow from names (tools/golden/make_golden.py), so only
configurations, tensor lists and answers are written: CASE.json beside this script.
"""
import importlib.util
import json
import math
import os
import sys
import types

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools", "golden"))
import make_golden as names  # noqa: E402

STEPS = 64


def rms_norm(x, weight, eps):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * weight


def load_maker(path):
    """The maker's module in float32, without its FP8 kernels."""
    if not hasattr(F, "rms_norm"):
        F.rms_norm = lambda x, shape, weight, eps: rms_norm(x, weight, eps)
    stub = types.ModuleType("kernel")
    stub.act_quant = stub.weight_dequant = stub.fp8_gemm = None
    sys.modules["kernel"] = stub
    spec = importlib.util.spec_from_file_location("maker", path)
    maker = importlib.util.module_from_spec(spec)
    sys.modules["maker"] = maker
    spec.loader.exec_module(maker)
    maker.Linear.dtype = torch.float32
    maker.attn_impl = "naive"
    return maker


# --- the DeepSeek cases -------------------------------------------------------------------------------------------

class Sparse:
    """V3.2's lightning indexer: per row the keys that attention may read. Scores are sums over heads of
    weight * relu(q . k); rotary part first and half-split; the Hadamard transform and FP8 of the release leave exact
    scores as they are."""

    def __init__(self, get, stem, c):
        self.c = c
        self.wq_b = get(stem + "wq_b.weight", (c["index_n_heads"] * c["index_head_dim"], c["q_lora_rank"]))
        self.wk = get(stem + "wk.weight", (c["index_head_dim"], c["hidden_size"]))
        self.norm = get(stem + "k_norm.weight", (c["index_head_dim"],)), get(stem + "k_norm.bias", (c["index_head_dim"],))
        self.proj = get(stem + "weights_proj.weight", (c["index_n_heads"], c["hidden_size"]))

    def rotate(self, x, freqs):
        r = self.c["qk_rope_head_dim"]
        a, b = x[..., : r // 2], x[..., r // 2: r]
        cos, sin = freqs.real[:, None], freqs.imag[:, None]
        return torch.cat([a * cos - b * sin, b * cos + a * sin, x[..., r:]], -1)

    def mask(self, x, q_latent, freqs):
        """x (T, width), q_latent (T, rank) -> (T, T): 0 where a row may look, -inf elsewhere."""
        c = self.c
        t, h, d = len(x), c["index_n_heads"], c["index_head_dim"]
        q = self.rotate((q_latent @ self.wq_b.T).view(t, h, d), freqs)
        k = self.rotate(F.layer_norm(x @ self.wk.T, (d,), *self.norm, 1e-6)[:, None], freqs)[:, 0]
        weights = x @ self.proj.T * h ** -0.5 * d ** -0.5
        scores = torch.einsum("thd,sd->ths", q, k).relu().mul(weights[..., None]).sum(1)
        scores = scores.masked_fill(torch.ones(t, t, dtype=torch.bool).triu(1), float("-inf"))
        # Where no head sees a key the score is exactly 0: of equals the earlier position is taken.
        chosen = scores.sort(stable=True, dim=-1, descending=True)[1][:, :min(c["index_topk"], t)]
        mask = torch.full((t, t), float("-inf")).scatter(1, chosen, 0.0)
        return mask + torch.full((t, t), float("-inf")).triu(1)


class DeepSeek:
    def __init__(self, maker, settings, checkpoint, mtp):
        c = dict(names.BASE, **settings)
        self.c, self.maker = c, maker
        rope = c["rope_parameters"]
        self.args = maker.ModelArgs(
            max_batch_size=1, max_seq_len=c["max_position_embeddings"], vocab_size=c["vocab_size"], dim=c["hidden_size"],
            inter_dim=c["intermediate_size"], moe_inter_dim=c["moe_intermediate_size"], n_layers=c["num_hidden_layers"],
            n_dense_layers=c["first_k_dense_replace"], n_heads=c["num_attention_heads"], n_routed_experts=c["n_routed_experts"],
            n_shared_experts=c["n_shared_experts"], n_activated_experts=c["num_experts_per_tok"],
            n_expert_groups=c["n_group"] if c.get("topk_method") != "greedy" else 1, n_limited_groups=c["topk_group"],
            score_func="sigmoid" if c["norm_topk_prob"] else "softmax", route_scale=c["routed_scaling_factor"],
            q_lora_rank=c["q_lora_rank"] or 0, kv_lora_rank=c["kv_lora_rank"], qk_nope_head_dim=c["qk_nope_head_dim"],
            qk_rope_head_dim=c["qk_rope_head_dim"], v_head_dim=c["v_head_dim"],
            original_seq_len=rope["original_max_position_embeddings"], rope_theta=rope["rope_theta"], rope_factor=rope["factor"],
            beta_fast=int(rope["beta_fast"]), beta_slow=int(rope["beta_slow"]), mscale=rope["mscale_all_dim"])
        self.freqs = maker.precompute_freqs_cis(self.args)
        get, width = checkpoint.get, c["hidden_size"]
        self.embed = get("model.embed_tokens.weight", (c["vocab_size"], width))
        self.norm = get("model.norm.weight", (width,))
        self.head = get("lm_head.weight", (c["vocab_size"], width))
        self.blocks = [self.block(i, get) for i in range(c["num_hidden_layers"])]
        self.sparse = [Sparse(get, f"model.layers.{i}.self_attn.indexer.", c) for i in range(len(self.blocks))] \
            if "index_topk" in c else []
        if mtp:
            stem = f"model.layers.{len(self.blocks)}."
            self.mtp = self.block(len(self.blocks), get)
            self.enorm, self.hnorm = get(stem + "enorm.weight", (width,)), get(stem + "hnorm.weight", (width,))
            self.shared_norm = get(stem + "shared_head.norm.weight", (width,))
            self.eh_proj = get(stem + "eh_proj.weight", (width, 2 * width))

    def block(self, i, get):
        block = self.maker.Block(i, self.args)
        stem = f"model.layers.{i}."
        parts = {"attn.wq": "self_attn.q_proj", "attn.wq_a": "self_attn.q_a_proj", "attn.q_norm": "self_attn.q_a_layernorm",
                 "attn.wq_b": "self_attn.q_b_proj", "attn.wkv_a": "self_attn.kv_a_proj_with_mqa",
                 "attn.kv_norm": "self_attn.kv_a_layernorm", "attn.wkv_b": "self_attn.kv_b_proj", "attn.wo": "self_attn.o_proj",
                 "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "ffn.gate": "mlp.gate"}
        ends = {"w1": "gate_proj", "w2": "down_proj", "w3": "up_proj"}
        for name, target in block.named_parameters():
            stem_part, leaf = name.rsplit(".", 1)
            assert leaf == "weight", name
            part, end = stem_part.rsplit(".", 1) if "." in stem_part else ("", stem_part)
            other = parts.get(stem_part) or part.replace("ffn", "mlp", 1) + "." + ends[end]
            target.copy_(get(f"{stem}{other}.weight", target.shape))
        if self.c["norm_topk_prob"] and hasattr(block.ffn, "gate"):
            bias = get(stem + "mlp.gate.e_score_correction_bias", (self.c["n_routed_experts"],))
            block.ffn.gate.bias = torch.nn.Parameter(bias)
        return block

    def run(self, block, x, sparse=None):
        t = x.shape[1]
        mask = torch.full((t, t), float("-inf")).triu(1)
        if sparse:
            normed = block.attn_norm(x)
            mask = sparse.mask(normed[0], block.attn.q_norm(block.attn.wq_a(normed))[0], self.freqs[:t])
        # One mask for all rows of a batch, as the maker's model makes it: (T, T) or nothing for a single token.
        return block(x, 0, self.freqs[:t], mask if t > 1 else None)

    def hidden(self, ids):
        x = F.embedding(torch.tensor([ids]), self.embed)
        for i, block in enumerate(self.blocks):
            x = self.run(block, x, self.sparse[i] if self.sparse else None)
        return x

    def logits(self, ids):
        return (rms_norm(self.hidden(ids), self.norm, 1e-6) @ self.head.T)[0]

    def mtp_logits(self, ids):
        """Row i: from the state at i and the token at i + 1, logits about i + 2 (V3 report, section 2.2)."""
        h = self.hidden(ids)[:, :-1]
        e = F.embedding(torch.tensor([ids[1:]]), self.embed)
        x = torch.cat([rms_norm(e, self.enorm, 1e-6), rms_norm(h, self.hnorm, 1e-6)], -1) @ self.eh_proj.T
        return (rms_norm(self.run(self.mtp, x), self.shared_norm, 1e-6) @ self.head.T)[0]


# --- llama, qwen2, qwen3 ------------------------------------------------------------------------------------------

def frequencies(dim, rope):
    f = rope["rope_theta"] ** (-torch.arange(0, dim, 2).float() / dim)
    if rope["rope_type"] == "llama3":
        wave = 2 * math.pi / f
        original = rope["original_max_position_embeddings"]
        smooth = (original / wave - rope["low_freq_factor"]) / (rope["high_freq_factor"] - rope["low_freq_factor"])
        smooth = smooth.clamp(0, 1)
        f = (1 - smooth) * f / rope["factor"] + smooth * f
    return f


class Llama:
    def __init__(self, kind, settings, checkpoint):
        c = self.c = dict(names.BASE, **settings)
        get, width = checkpoint.get, c["hidden_size"]
        self.heads, self.kv_heads = c["num_attention_heads"], c["num_key_value_heads"]
        self.head_dim = c.get("head_dim", width // self.heads)
        self.f = frequencies(self.head_dim, c["rope_parameters"])
        self.embed = get("model.embed_tokens.weight", (c["vocab_size"], width))
        self.norm = get("model.norm.weight", (width,))
        self.head = self.embed if c["tie_word_embeddings"] else get("lm_head.weight", (c["vocab_size"], width))
        self.layers = []
        rows = {"q": self.heads * self.head_dim, "k": self.kv_heads * self.head_dim, "v": self.kv_heads * self.head_dim}
        for i in range(c["num_hidden_layers"]):
            stem, w = f"model.layers.{i}.", {}
            w["n1"], w["n2"] = get(stem + "input_layernorm.weight", (width,)), get(stem + "post_attention_layernorm.weight", (width,))
            for p, n in rows.items():
                w[p] = get(f"{stem}self_attn.{p}_proj.weight", (n, width))
                w[p + "b"] = get(f"{stem}self_attn.{p}_proj.bias", (n,)) if kind == "qwen2" else torch.zeros(n)
            if kind == "qwen3":
                for p in "qk":
                    w[p + "n"] = get(f"{stem}self_attn.{p}_norm.weight", (self.head_dim,))
            w["o"] = get(stem + "self_attn.o_proj.weight", (width, rows["q"]))
            for p, shape in (("gate", (c["intermediate_size"], width)), ("up", (c["intermediate_size"], width)),
                             ("down", (width, c["intermediate_size"]))):
                w[p] = get(f"{stem}mlp.{p}_proj.weight", shape)
            self.layers.append(w)

    def rotate(self, x):
        a = torch.arange(x.shape[0]).float()[:, None] * self.f
        cos, sin = a.cos()[:, None], a.sin()[:, None]
        x1, x2 = x.chunk(2, -1)
        return torch.cat([x1 * cos - x2 * sin, x2 * cos + x1 * sin], -1)

    def logits(self, ids):
        eps, t = self.c["rms_norm_eps"], len(ids)
        x = self.embed[torch.tensor(ids)]
        mask = torch.full((t, t), float("-inf")).triu(1)
        for w in self.layers:
            n = rms_norm(x, w["n1"], eps)
            q, k, v = ((n @ w[p].T + w[p + "b"]).view(t, -1, self.head_dim) for p in "qkv")
            if "qn" in w:
                q, k = rms_norm(q, w["qn"], eps), rms_norm(k, w["kn"], eps)
            q, k = self.rotate(q), self.rotate(k)
            k, v = (z.repeat_interleave(self.heads // self.kv_heads, 1) for z in (k, v))
            p = (torch.einsum("thd,shd->hts", q, k) * self.head_dim ** -0.5 + mask).softmax(-1)
            x = x + torch.einsum("hts,shd->thd", p, v).reshape(t, -1) @ w["o"].T
            n = rms_norm(x, w["n2"], eps)
            x = x + (F.silu(n @ w["gate"].T) * (n @ w["up"].T)) @ w["down"].T
        return rms_norm(x, self.norm, eps) @ self.head.T


# --- BERT ---------------------------------------------------------------------------------------------------------

BERT = dict(vocab_size=256, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
            max_position_embeddings=128, type_vocab_size=2, layer_norm_eps=1e-12)


def bert_states(get, ids):
    c, w = BERT, BERT["hidden_size"]
    norm = lambda x, stem: F.layer_norm(x, (w,), get(stem + ".weight", (w,)), get(stem + ".bias", (w,)), c["layer_norm_eps"])
    line = lambda x, stem, n, m: x @ get(stem + ".weight", (n, m)).T + get(stem + ".bias", (n,))
    e, t = "embeddings.", len(ids)
    x = get(e + "word_embeddings.weight", (c["vocab_size"], w))[torch.tensor(ids)]
    x = x + get(e + "position_embeddings.weight", (c["max_position_embeddings"], w))[:t]
    x = norm(x + get(e + "token_type_embeddings.weight", (2, w))[0], e + "LayerNorm")
    for i in range(c["num_hidden_layers"]):
        s = f"encoder.layer.{i}."
        q, k, v = (line(x, f"{s}attention.self.{p}", w, w).view(t, 4, -1) for p in ("query", "key", "value"))
        p = (torch.einsum("thd,shd->hts", q, k) * q.shape[-1] ** -0.5).softmax(-1)
        y = torch.einsum("hts,shd->thd", p, v).reshape(t, w)
        x = norm(x + line(y, s + "attention.output.dense", w, w), s + "attention.output.LayerNorm")
        y = F.gelu(line(x, s + "intermediate.dense", c["intermediate_size"], w))
        x = norm(x + line(y, s + "output.dense", w, c["intermediate_size"]), s + "output.LayerNorm")
    return x


# --- files --------------------------------------------------------------------------------------------------------

def rounded(row):
    return [round(float(v), 5) for v in row]


def greedy(model, prompt):
    ids, margins = list(prompt), []
    for _ in range(STEPS):
        top = torch.topk(model.logits(ids)[-1], 2)
        ids.append(int(top.indices[0]))
        margins.append(float(top.values[0] - top.values[1]))
    return ids[len(prompt):], round(min(margins), 6)


def config_of(model_type, settings, case):
    path = os.path.join("/tmp", f"golden-{os.getpid()}-{case}.json")
    known = {"llama", "qwen2", "deepseek_v2", "deepseek_v3", "deepseek_v32"}
    names.write_config(path, model_type if model_type in known else "llama", settings)
    with open(path) as f:
        config = json.load(f)
    os.remove(path)
    config["model_type"] = model_type
    return config


def make(case, model_type, settings, options, maker):
    checkpoint = names.Checkpoint(fp8=options.get("fp8", False))
    if model_type.startswith("deepseek"):
        model = DeepSeek(maker, settings, checkpoint, options.get("mtp", False))
    else:
        model = Llama(model_type, settings, checkpoint)
    prompts = names.prompts_for(names.BASE["vocab_size"])
    record = {"config": config_of(model_type, dict(settings, fp8=options.get("fp8", False)), case), "prompts": []}
    if options.get("mtp"):
        record["config"]["num_nextn_predict_layers"] = 1
        record["mtp_logits"] = rounded(model.mtp_logits(prompts[2])[-1])
    for i, prompt in enumerate(prompts):
        entry = {"length": len(prompt), "last_logits": rounded(model.logits(prompt)[-1])}
        if i in (1, 3):
            entry["greedy"], entry["least_margin"] = greedy(model, prompt)
        record["prompts"].append(entry)
    record["tensors"] = {n: [d, list(s)] for n, (d, s, _) in checkpoint.tensors.items()}
    return record


def make_bert():
    checkpoint = names.Checkpoint()
    record = {"config": dict(BERT, model_type="bert", hidden_act="gelu", pad_token_id=0), "prompts": []}
    for prompt in names.prompts_for(256):
        states = bert_states(checkpoint.get, prompt)
        record["prompts"].append({"length": len(prompt), "last_state": rounded(states[-1]), "mean": rounded(states.mean(0))})
    record["tensors"] = {n: [d, list(s)] for n, (d, s, _) in checkpoint.tensors.items()}
    return record


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    maker = load_maker(sys.argv[1])
    qwen3 = ("qwen3", "qwen3", dict(num_key_value_heads=2, head_dim=24, rope_parameters=names.DEFAULT_ROPE), {})
    for case, model_type, settings, options in [*names.CASES, qwen3, ("bert", "bert", None, None)]:
        if len(sys.argv) > 2 and case not in sys.argv[2:]:
            continue
        record = make_bert() if case == "bert" else make(case, model_type, settings, options, maker)
        with open(os.path.join(HERE, case + ".json"), "w") as f:
            json.dump(record, f, separators=(",", ":"))
            f.write("\n")
        print(case, [p.get("least_margin") for p in record["prompts"]], flush=True)


if __name__ == "__main__":
    main()
