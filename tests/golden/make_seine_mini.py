#!/usr/bin/env python3
"""The answers of training/model.py, in float32, for the weights of models/seine-mini/model.gguf.

    make_seine_mini.py [OUT]        (PyTorch; a minute on two cores)

Per prompt: the logits of every 32nd token at the last position, the log of the sum of all exponentials there, and the
greedy continuation with the margin of each choice over the second. A fourth of the prompts is text, the rest random ids.
"""
import json
import os
import sys

import numpy as np
import torch

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "training"))
import gguf  # noqa: E402
import model as seine_mini  # noqa: E402

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


def main():
    torch.set_grad_enabled(False)
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "tests/golden/seine_mini.json")
    keys, tensors = gguf.read(os.path.join(ROOT, "models/seine-mini/model.gguf"))
    net = seine_mini.Model(config_of(keys)).eval()
    fill(net, tensors)
    draw = np.random.default_rng(1)
    cases = []
    for length in (1, 17, 70, 300):
        prompt = [int(i) for i in draw.integers(64, net.c.vocab_size, length)]
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
        print(length, "least margin", min(case["margins"]), flush=True)
    with open(out, "w") as f:
        json.dump(cases, f, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    main()
