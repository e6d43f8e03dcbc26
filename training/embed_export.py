"""seine-embed as GGUF (architecture `seine-embed`). usage: embed_export.py --ckpt CKPT --tok DIR --gguf FILE"""
import argparse, os
import checkpoint, gguf, quant
from tokenizer import Tokenizer, PAD, END

SHORT = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}

WHOLE = {"embed_tokens.weight": "token_embd.weight", "norm.weight": "output_norm.weight", "score": "cls.output.weight"}


def tensors(state):
    for name, t in state.items():
        bits, x = quant.width(name, t.dim()), t.float().numpy()
        if name in WHOLE:
            yield WHOLE[name], x, bits
        else:
            _, i, leaf = name.split(".", 2)
            yield f"blk.{i}.{SHORT[leaf[:-7]]}.weight", x, bits


def keys(c, tok):
    a = "seine-embed."; U, F = gguf.U32, gguf.F32
    strings = tok.strings(); s = len(strings) - 256 - len(tok.merges)
    return [("general.architecture", gguf.STRING, "seine-embed"), ("general.name", gguf.STRING, "seine-embed"), ("general.alignment", U, 32),
            (a + "vocab_size", U, c["vocab_size"]), (a + "context_length", U, c["context"]), (a + "embedding_length", U, c["hidden_size"]),
            (a + "block_count", U, c["num_hidden_layers"]), (a + "feed_forward_length", U, c["intermediate_size"]), (a + "attention.head_count", U, c["num_attention_heads"]),
            (a + "attention.layer_norm_rms_epsilon", F, c["rms_norm_eps"]), (a + "rope.freq_base", F, c["rope_theta"]), (a + "pooling_type", U, 1),
            ("tokenizer.ggml.model", gguf.STRING, "gpt2"), ("tokenizer.ggml.pre", gguf.STRING, "seine-mini"), ("tokenizer.ggml.tokens", gguf.STRINGS, strings),
            ("tokenizer.ggml.token_type", gguf.I32S, [3] * s + [1] * (len(strings) - s)),
            ("tokenizer.ggml.merges", gguf.STRINGS, [f"{strings[x]} {strings[y]}" for x, y in tok.merges]),
            ("tokenizer.ggml.eos_token_id", U, END), ("tokenizer.ggml.padding_token_id", U, PAD), ("tokenizer.ggml.add_bos_token", gguf.BOOL, False)]


def main():
    ap = argparse.ArgumentParser()
    for k in ("ckpt", "tok", "gguf"):
        ap.add_argument("--" + k, required=True)
    a = ap.parse_args(); state, meta = checkpoint.load(a.ckpt)
    gguf.write(a.gguf, keys(meta["config"], Tokenizer(a.tok)), tensors(state))
    print(a.gguf, os.path.getsize(a.gguf), "bytes", meta)


if __name__ == "__main__":
    main()
