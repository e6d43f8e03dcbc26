"""The release in two forms: Hugging Face's (safetensors, config.json, tokenizer.json, generation_config.json) and GGUF.

usage: export.py --ckpt CKPT --tok DIR --out DIR [--float bf16|f32] [--dequantised] [--gguf FILE]
--dequantised writes to safetensors the values the quantised GGUF holds (then as f32: both forms give the same logits).
"""
import argparse, json, os, shutil, struct
import numpy as np, torch
import checkpoint, gguf, quant
from tokenizer import Tokenizer, PAD, END

CONTEXT = 2048


def hf_config(c, dtype):
    return dict(architectures=["DeepseekV3ForCausalLM"], model_type="deepseek_v3", vocab_size=c["vocab_size"], hidden_size=c["hidden_size"],
                intermediate_size=c["intermediate_size"], moe_intermediate_size=c["moe_intermediate_size"], num_hidden_layers=c["num_hidden_layers"],
                num_attention_heads=c["num_attention_heads"], num_key_value_heads=c["num_attention_heads"], n_shared_experts=c["n_shared_experts"],
                n_routed_experts=c["n_routed_experts"], routed_scaling_factor=c["routed_scaling_factor"], kv_lora_rank=c["kv_lora_rank"], q_lora_rank=None,
                qk_rope_head_dim=c["qk_rope_head_dim"], v_head_dim=c["v_head_dim"], qk_nope_head_dim=c["qk_nope_head_dim"], n_group=1, topk_group=1,
                num_experts_per_tok=c["num_experts_per_tok"], first_k_dense_replace=c["first_k_dense_replace"], norm_topk_prob=True, scoring_func="sigmoid",
                topk_method="noaux_tc", hidden_act="silu", max_position_embeddings=CONTEXT, rms_norm_eps=c["rms_norm_eps"], use_cache=True,
                pad_token_id=PAD, bos_token_id=None, eos_token_id=END, tie_word_embeddings=True, rope_theta=c["rope_theta"], rope_interleave=True,
                attention_bias=False, attention_dropout=0.0, initializer_range=0.02, torch_dtype=dtype)


def hf_tensors(state):
    """Our names -> Hugging Face's; stacked experts come apart."""
    for n, t in state.items():
        if ".experts." in n:
            head, leaf = n.split(".experts.")
            for e in range(t.shape[0]):
                yield f"model.{head}.experts.{e}.{leaf}.weight", t[e]
        else:
            yield "model." + n, t


def write_safetensors(path, tensors, kind):
    head, blobs, at = {}, [], 0
    for n, t in tensors:
        wide = kind == "f32" or t.dim() < 2 or n.endswith("mlp.gate.weight")
        b = t.float().contiguous().numpy().tobytes() if wide else t.bfloat16().contiguous().view(torch.int16).numpy().tobytes()
        head[n] = dict(dtype="F32" if wide else "BF16", shape=list(t.shape), data_offsets=[at, at + len(b)]); at += len(b); blobs.append(b)
    h = json.dumps(dict(__metadata__=dict(format="pt"), **head)).encode(); h += b" " * (-len(h) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(h)) + h)
        for b in blobs:
            f.write(b)


# a layer's weights: our name -> GGUF's
GGUF_NAMES = {"input_layernorm.weight": "attn_norm.weight", "post_attention_layernorm.weight": "ffn_norm.weight", "self_attn.q_proj.weight": "attn_q.weight",
              "self_attn.kv_a_proj_with_mqa.weight": "attn_kv_a_mqa.weight", "self_attn.kv_a_layernorm.weight": "attn_kv_a_norm.weight",
              "self_attn.o_proj.weight": "attn_output.weight", "mlp.gate.weight": "ffn_gate_inp.weight", "mlp.gate.e_score_correction_bias": "exp_probs_b.bias"}
for p in ("gate", "up", "down"):
    GGUF_NAMES[f"mlp.{p}_proj.weight"] = f"ffn_{p}.weight"
    GGUF_NAMES[f"mlp.experts.{p}_proj"] = f"ffn_{p}_exps.weight"
    GGUF_NAMES[f"mlp.shared_experts.{p}_proj.weight"] = f"ffn_{p}_shexp.weight"


def gguf_tensors(state, c):
    """-> (name, float array [.., out, in], bits). kv_b comes apart into k (transposed, so that queries can be absorbed)
    and v."""
    H, n, v, r = c["num_attention_heads"], c["qk_nope_head_dim"], c["v_head_dim"], c["kv_lora_rank"]
    for name, t in state.items():
        bits, x = quant.width(name, t.dim()), t.float().numpy()
        if name == "embed_tokens.weight":
            yield "token_embd.weight", x, bits
        elif name == "norm.weight":
            yield "output_norm.weight", x, bits
        else:
            _, i, leaf = name.split(".", 2)
            if leaf == "self_attn.kv_b_proj.weight":
                x = x.reshape(H, n + v, r)
                yield f"blk.{i}.attn_k_b.weight", x[:, :n].transpose(0, 2, 1), bits
                yield f"blk.{i}.attn_v_b.weight", x[:, n:], bits
            else:
                yield f"blk.{i}.{GGUF_NAMES[leaf]}", x, bits


def gguf_keys(c, tok):
    a = "deepseek2."
    strings = tok.strings(); s = len(strings) - 256 - len(tok.merges)
    pair = lambda m: f"{strings[m[0]]} {strings[m[1]]}"
    U, F, B = gguf.U32, gguf.F32, gguf.BOOL
    return [("general.architecture", gguf.STRING, "deepseek2"), ("general.name", gguf.STRING, "seine-mini"), ("general.alignment", U, 32),
            (a + "vocab_size", U, c["vocab_size"]), (a + "context_length", U, CONTEXT), (a + "embedding_length", U, c["hidden_size"]),
            (a + "block_count", U, c["num_hidden_layers"]), (a + "feed_forward_length", U, c["intermediate_size"]),
            (a + "leading_dense_block_count", U, c["first_k_dense_replace"]), (a + "attention.head_count", U, c["num_attention_heads"]),
            (a + "attention.head_count_kv", U, 1), (a + "attention.layer_norm_rms_epsilon", F, c["rms_norm_eps"]),
            (a + "attention.kv_lora_rank", U, c["kv_lora_rank"]), (a + "attention.key_length", U, c["kv_lora_rank"] + c["qk_rope_head_dim"]),
            (a + "attention.value_length", U, c["kv_lora_rank"]), (a + "attention.key_length_mla", U, c["qk_nope_head_dim"] + c["qk_rope_head_dim"]),
            (a + "attention.value_length_mla", U, c["v_head_dim"]), (a + "rope.dimension_count", U, c["qk_rope_head_dim"]), (a + "rope.freq_base", F, c["rope_theta"]),
            (a + "expert_count", U, c["n_routed_experts"]), (a + "expert_used_count", U, c["num_experts_per_tok"]), (a + "expert_shared_count", U, c["n_shared_experts"]),
            (a + "expert_feed_forward_length", U, c["moe_intermediate_size"]), (a + "expert_weights_scale", F, c["routed_scaling_factor"]),
            (a + "expert_weights_norm", B, True), (a + "expert_gating_func", U, 2), (a + "expert_group_count", U, 1), (a + "expert_group_used_count", U, 1),
            ("tokenizer.ggml.model", gguf.STRING, "gpt2"), ("tokenizer.ggml.pre", gguf.STRING, "seine-mini"), ("tokenizer.ggml.tokens", gguf.STRINGS, strings),
            ("tokenizer.ggml.token_type", gguf.I32S, [3] * s + [1] * (len(strings) - s)), ("tokenizer.ggml.merges", gguf.STRINGS, [pair(m) for m in tok.merges]),
            ("tokenizer.ggml.eos_token_id", U, END), ("tokenizer.ggml.padding_token_id", U, PAD), ("tokenizer.ggml.add_bos_token", B, False)]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--ckpt", required=True); ap.add_argument("--tok", required=True); ap.add_argument("--out", default="")
    ap.add_argument("--float", default="bf16"); ap.add_argument("--dequantised", action="store_true"); ap.add_argument("--gguf", default="")
    a = ap.parse_args()
    state, meta = checkpoint.load(a.ckpt); tok = Tokenizer(a.tok); c = meta["config"]
    if a.gguf:
        gguf.write(a.gguf, gguf_keys(c, tok), gguf_tensors(state, c))
        print(a.gguf, os.path.getsize(a.gguf), "bytes")
    if a.out:
        os.makedirs(a.out, exist_ok=True)
        if a.dequantised:
            state = {n: quant.fake(t, quant.width(n, t.dim())) if quant.width(n, t.dim()) else t for n, t in state.items()}
        write_safetensors(f"{a.out}/model.safetensors", hf_tensors(state), a.float)
        dump = lambda n, x: json.dump(x, open(f"{a.out}/{n}", "w"), indent=1, ensure_ascii=False)
        dump("config.json", hf_config(c, "float32" if a.float == "f32" else "bfloat16"))
        dump("generation_config.json", dict(do_sample=False, eos_token_id=END, pad_token_id=PAD, max_new_tokens=48))
        dump("tokenizer_config.json", dict(tokenizer_class="PreTrainedTokenizerFast", eos_token="<|end|>", pad_token="<|pad|>", clean_up_tokenization_spaces=False,
                                           model_max_length=CONTEXT))
        shutil.copy(f"{a.tok}/tokenizer.json", f"{a.out}/tokenizer.json")
        print(a.out, meta)


if __name__ == "__main__":
    main()
