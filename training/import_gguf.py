"""The release's GGUF back as a checkpoint to train on (its rounding included) and as the tokenizer's files.

usage: import_gguf.py MODEL.gguf TOK_DIR [CKPT.pt] [--meta JSON]     (meta: step, tokens, spent of those weights)
"""
import json, os, sys
import numpy as np, torch
import export, gguf
from tokenizer import Tokenizer, SPECIALS, byte_alphabet, char_classes


def config_of(keys):
    k = lambda n: keys["deepseek2." + n]
    return dict(vocab_size=k("vocab_size"), hidden_size=k("embedding_length"), num_hidden_layers=k("block_count"),
                num_attention_heads=k("attention.head_count"), qk_nope_head_dim=k("attention.key_length_mla") - k("rope.dimension_count"),
                qk_rope_head_dim=k("rope.dimension_count"), v_head_dim=k("attention.value_length_mla"), kv_lora_rank=k("attention.kv_lora_rank"),
                intermediate_size=k("feed_forward_length"), first_k_dense_replace=k("leading_dense_block_count"), n_routed_experts=k("expert_count"),
                num_experts_per_tok=k("expert_used_count"), moe_intermediate_size=k("expert_feed_forward_length"), n_shared_experts=k("expert_shared_count"),
                routed_scaling_factor=k("expert_weights_scale"), rope_theta=k("rope.freq_base"), rms_norm_eps=k("attention.layer_norm_rms_epsilon"))


def state_of(tensors, c):
    """GGUF's names and shapes -> ours: the inverse of export.gguf_tensors."""
    plain = {theirs: ours for ours, theirs in export.GGUF_NAMES.items()}
    out = {"embed_tokens.weight": tensors["token_embd.weight"], "norm.weight": tensors["output_norm.weight"]}
    for name, x in tensors.items():
        if not name.startswith("blk."):
            continue
        _, i, leaf = name.split(".", 2)
        if leaf in plain:
            out[f"layers.{i}.{plain[leaf]}"] = x
        elif leaf == "attn_k_b.weight":
            v = tensors[f"blk.{i}.attn_v_b.weight"]
            out[f"layers.{i}.self_attn.kv_b_proj.weight"] = np.concatenate([x.transpose(0, 2, 1), v], 1).reshape(-1, c["kv_lora_rank"])
    return {k: torch.from_numpy(np.array(v, np.float32)) for k, v in out.items()}


def embed_config(keys):
    k = lambda n: keys["seine-embed." + n]
    return dict(vocab_size=k("vocab_size"), hidden_size=k("embedding_length"), num_hidden_layers=k("block_count"), num_attention_heads=k("attention.head_count"),
                intermediate_size=k("feed_forward_length"), rope_theta=k("rope.freq_base"), rms_norm_eps=k("attention.layer_norm_rms_epsilon"), context=k("context_length"))


def embed_state(tensors):
    """GGUF's names -> seine-embed's: the inverse of embed_export.tensors."""
    import embed_export
    leaf = {v: k for k, v in embed_export.SHORT.items()}
    out = {ours: tensors[theirs] for ours, theirs in embed_export.WHOLE.items() if theirs in tensors}
    for name, x in tensors.items():
        if name.startswith("blk."):
            _, i, short, _ = name.split(".")
            out[f"layers.{i}.{leaf[short]}.weight"] = x
    return {k: torch.from_numpy(np.array(v, np.float32)) for k, v in out.items()}


def write_tokenizer(keys, out):
    back = {c: b for b, c in byte_alphabet().items()}
    strings = keys["tokenizer.ggml.tokens"]
    ids = {bytes(back[c] for c in s): i for i, s in enumerate(strings) if i >= SPECIALS}
    os.makedirs(out, exist_ok=True)
    with open(f"{out}/merges.txt", "w") as f:
        for m in keys["tokenizer.ggml.merges"]:
            a, b = (ids[bytes(back[c] for c in part)] for part in m.split(" "))
            f.write(f"{a} {b}\n")
    char_classes().tofile(f"{out}/classes.bin")
    tok = Tokenizer(out)
    assert tok.strings() == strings, "the file's tokens do not follow from its merges"
    json.dump(tok.to_json(), open(f"{out}/tokenizer.json", "w"), ensure_ascii=False, indent=0)


def main():
    keys, tensors = gguf.read(sys.argv[1])
    write_tokenizer(keys, sys.argv[2])
    if len(sys.argv) > 3 and sys.argv[3].endswith(".pt"):
        if keys["general.architecture"] == "seine-embed":
            from embed_model import Config, Model
            c, state = embed_config(keys), embed_state(tensors)
        else:
            from model import Config, Model
            c = config_of(keys); state = state_of(tensors, c)
        fit = Model(Config(**c)).load_state_dict(state, strict=False)      # every name and shape
        assert fit.missing_keys in ([], ["score"]) and not fit.unexpected_keys, fit      # seine-embed's first releases could not rank
        meta = json.loads(sys.argv[sys.argv.index("--meta") + 1]) if "--meta" in sys.argv else dict(step=0, tokens=0, spent=0.0)
        torch.save(dict(state=state, meta=dict(meta, config=c)), sys.argv[3])
        print(sys.argv[3], meta)


if __name__ == "__main__":
    main()
