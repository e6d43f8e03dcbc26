"""Reads a GGUF file back and compares each tensor with the dequantised safetensors beside it. usage: check_gguf.py GGUF HF_DIR"""
import json, struct, sys
import numpy as np
import gguf


def safetensors(path):
    d = open(path, "rb").read(); n, = struct.unpack_from("<Q", d); head = json.loads(d[8:8 + n]); out = {}
    for k, v in head.items():
        if k != "__metadata__":
            a, b = v["data_offsets"]; raw = d[8 + n + a:8 + n + b]
            x = np.frombuffer(raw, np.float32) if v["dtype"] == "F32" else (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32)
            out[k] = x.reshape(v["shape"])
    return out


def main():
    keys, g = gguf.read(sys.argv[1]); s = safetensors(sys.argv[2] + "/model.safetensors")
    worst = 0.0
    def same(a, b, name):
        nonlocal worst
        assert a.shape == b.shape, (name, a.shape, b.shape)
        worst = max(worst, float(np.abs(a - b).max()))
    same(g["token_embd.weight"], s["model.embed_tokens.weight"], "embedding")
    n, H, r = keys["deepseek2.block_count"], keys["deepseek2.attention.head_count"], keys["deepseek2.attention.kv_lora_rank"]
    for i in range(n):
        h, b = f"model.layers.{i}.", f"blk.{i}."
        same(g[b + "attn_q.weight"], s[h + "self_attn.q_proj.weight"], b + "q")
        same(g[b + "attn_v_b.weight"], s[h + "self_attn.kv_b_proj.weight"].reshape(H, -1, r)[:, -g[b + "attn_v_b.weight"].shape[1]:], b + "v_b")
        if i:
            for p in ("gate", "up", "down"):
                for e in range(keys["deepseek2.expert_count"]):
                    same(g[b + f"ffn_{p}_exps.weight"][e], s[h + f"mlp.experts.{e}.{p}_proj.weight"], b + p)
    print(f"{len(g)} tensors, {len(keys)} keys, worst difference {worst:.2e}")
    assert worst < 1e-6


if __name__ == "__main__":
    main()
