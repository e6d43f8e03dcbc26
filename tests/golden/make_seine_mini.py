#!/usr/bin/env python3
"""The answers of training/model.py, in float32, for the weights of models/seine-mini/model.gguf.

    make_seine_mini.py [OUT]        (PyTorch; a minute on two cores)

Per prompt: the logits of every 32nd token at the last position, the log of the sum of all exponentials there, and the
greedy continuation with the margin of each choice over the second. Four prompts are random ids, two are questions over a
passage, the text that the model was made for.
"""
import json
import os
import sys
import unicodedata

import numpy as np
import torch

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "training"))
import gguf  # noqa: E402
import model as seine_mini  # noqa: E402
import tokenizer as rules  # noqa: E402

STEPS = 64


def config_of(keys):
    a = "deepseek2."
    return seine_mini.Config(
        vocab_size=keys[a + "vocab_size"], hidden_size=keys[a + "embedding_length"], num_hidden_layers=keys[a + "block_count"],
        num_attention_heads=keys[a + "attention.head_count"],
        qk_nope_head_dim=keys[a + "attention.key_length_mla"] - keys[a + "rope.dimension_count"],
        qk_rope_head_dim=keys[a + "rope.dimension_count"], v_head_dim=keys[a + "attention.value_length_mla"],
        kv_lora_rank=keys[a + "attention.kv_lora_rank"], intermediate_size=keys[a + "feed_forward_length"],
        first_k_dense_replace=keys[a + "leading_dense_block_count"], n_routed_experts=keys[a + "expert_count"],
        num_experts_per_tok=keys[a + "expert_used_count"], moe_intermediate_size=keys[a + "expert_feed_forward_length"],
        n_shared_experts=keys[a + "expert_shared_count"], routed_scaling_factor=keys[a + "expert_weights_scale"],
        rope_theta=keys[a + "rope.freq_base"], rms_norm_eps=keys[a + "attention.layer_norm_rms_epsilon"])


def fill(net, tensors):
    """GGUF's names back to the network's; key and value parts join to kv_b."""
    c = net.c
    state = {"embed_tokens.weight": tensors["token_embd.weight"], "norm.weight": tensors["output_norm.weight"]}
    short = {"attn_norm.weight": "input_layernorm.weight", "ffn_norm.weight": "post_attention_layernorm.weight",
             "attn_q.weight": "self_attn.q_proj.weight", "attn_kv_a_mqa.weight": "self_attn.kv_a_proj_with_mqa.weight",
             "attn_kv_a_norm.weight": "self_attn.kv_a_layernorm.weight", "attn_output.weight": "self_attn.o_proj.weight",
             "ffn_gate_inp.weight": "mlp.gate.weight", "exp_probs_b.bias": "mlp.gate.e_score_correction_bias"}
    for p in ("gate", "up", "down"):
        short[f"ffn_{p}.weight"] = f"mlp.{p}_proj.weight"
        short[f"ffn_{p}_exps.weight"] = f"mlp.experts.{p}_proj"
        short[f"ffn_{p}_shexp.weight"] = f"mlp.shared_experts.{p}_proj.weight"
    for name, x in tensors.items():
        if not name.startswith("blk."):
            continue
        _, i, leaf = name.split(".", 2)
        if leaf in short:
            state[f"layers.{i}.{short[leaf]}"] = x
    for i in range(c.num_hidden_layers):
        k = tensors[f"blk.{i}.attn_k_b.weight"].transpose(0, 2, 1)  # heads, nope, latent
        v = tensors[f"blk.{i}.attn_v_b.weight"]
        state[f"layers.{i}.self_attn.kv_b_proj.weight"] = np.concatenate([k, v], 1).reshape(-1, c.kv_lora_rank)
    own = net.state_dict()
    assert set(state) == set(own), set(state) ^ set(own)
    with torch.no_grad():
        for name, x in state.items():
            own[name].copy_(torch.from_numpy(np.ascontiguousarray(x)))


TEXTS = [
    ("When was the bridge opened?", 3, "The old bridge: The stone bridge over the river was begun in 1831 and opened to carriages on "
     "4 May 1838. Until then a ferry had carried travellers across."),
    ("这座桥是哪一年通车的？", 7, "老桥：这座石桥于1831年动工，1838年通车。在此之前，旅客乘渡船过河。"),
]


class Encoder:
    """Byte-level BPE as the file's own merges say; pieces by the rules of training/tokenizer.py."""

    def __init__(self, keys):
        self.ids = {t: i for i, t in enumerate(keys["tokenizer.ggml.tokens"])}
        self.ranks = {tuple(m.split(" ")): i for i, m in enumerate(keys["tokenizer.ggml.merges"])}
        self.alphabet = rules.byte_alphabet()

    def kind(self, c):
        if any(a <= ord(c) <= b for a, b in rules.HAN):
            return "han"
        k = unicodedata.category(c)[0]
        return "number" if k == "N" else "mark" if k in "PS" else "space" if ord(c) in rules.SPACE else "word"

    def pieces(self, text):
        at = 0
        while at < len(text):
            start = at + (text[at] == " " and at + 1 < len(text) and self.kind(text[at + 1]) in ("word", "mark"))
            kind, end = self.kind(text[start]), start + 1
            if kind in ("word", "space"):
                while end < len(text) and self.kind(text[end]) == kind:
                    end += 1
            yield text[at:end]
            at = end

    def encode(self, text):
        out = []
        for piece in self.pieces(text):
            parts = [self.alphabet[b] for b in piece.encode()]
            while len(parts) > 1:
                rank, i = min((self.ranks.get(pair, 1 << 30), i) for i, pair in enumerate(zip(parts, parts[1:])))
                if rank == 1 << 30:
                    break
                parts[i:i + 2] = [parts[i] + parts[i + 1]]
            out += [self.ids[p] for p in parts]
        return out

    def prompt(self, question, number, passage):
        q = self.encode(question)
        return [rules.QUESTION, *q, rules.PASSAGE, rules.CITE + number - 1, *self.encode(passage), rules.QUESTION, *q, rules.ANSWER]


def main():
    torch.set_grad_enabled(False)
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "tests/golden/seine_mini.json")
    keys, tensors = gguf.read(os.path.join(ROOT, "models/seine-mini/model.gguf"))
    net = seine_mini.Model(config_of(keys)).eval()
    fill(net, tensors)
    draw = np.random.default_rng(1)
    cases = []
    encoder = Encoder(keys)
    prompts = [[int(i) for i in draw.integers(64, net.c.vocab_size, n)] for n in (1, 17, 70, 300)]
    for prompt in prompts + [encoder.prompt(*text) for text in TEXTS]:
        last = net.logits(net(torch.tensor([prompt]))[0, -1])
        case = dict(prompt=prompt, stride=32, logits=[round(float(x), 5) for x in last[::32]],
                    log_sum=round(float(torch.logsumexp(last, 0)), 5), greedy=[], margins=[])
        cache = seine_mini.Cache()
        h = net(torch.tensor([prompt]), cache=cache)
        for _ in range(STEPS):
            top = torch.topk(net.logits(h[0, -1]), 2)
            case["greedy"].append(int(top.indices[0]))
            case["margins"].append(round(float(top.values[0] - top.values[1]), 5))
            h = net(torch.tensor([case["greedy"][-1:]]), cache=cache)
        cases.append(case)
        print(len(prompt), case["greedy"][:8], "least margin", min(case["margins"]), flush=True)
    with open(out, "w") as f:
        json.dump(cases, f, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    main()
