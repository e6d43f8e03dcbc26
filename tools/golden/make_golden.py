#!/usr/bin/env python3
"""Golden files for the engine's architectures, made by Hugging Face transformers as the independent reference.

    make_golden.py OUT_DIR        (transformers 5, PyTorch 2; a CPU is enough; about a minute)

Every case is a tiny checkpoint whose weights follow from their names: value i of tensor NAME is a function of
fnv1a64(NAME) and i (see `uniform`), so the C++ tests rebuild the checkpoint and only answers have to be kept.
OUT_DIR/CASE/ gets: config.json, model.safetensors, case.json (prompts, greedy continuations, margins, tensor list)
and logits_K.f32 (little-endian float32, [prompt length, vocab]) for prompt K. A case that fails is reported in
OUT_DIR/summary.json and skipped; the others go on.
"""

import json
import math
import os
import struct
import sys
import time
import traceback

import numpy as np
import torch

GREEDY_STEPS = 64
MASK = (1 << 64) - 1


# --- weights from names -------------------------------------------------------------------------------------------

def fnv1a64(text):
    h = 0xCBF29CE484222325
    for byte in text.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def bits(name, count):
    """splitmix64 of seed + (i + 1) * golden ratio, element by element."""
    with np.errstate(over="ignore"):
        z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(fnv1a64(name))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniform(name, count):
    """float32 in [-1, 1): the top 24 bits, exactly representable."""
    return ((bits(name, count) >> np.uint64(40)).astype(np.float64) / (1 << 23) - 1.0).astype(np.float32)


def to_bf16(values):
    """Round to nearest even, as float32."""
    u = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    u = (u + 0x7FFF + ((u >> 16) & 1)) & 0xFFFF0000
    return u.astype(np.uint32).view(np.float32)


def amplitude(name, shape):
    """(centre, half-width) of a tensor's values."""
    if name.endswith("e_score_correction_bias"):
        return 0.0, 0.25
    if name.endswith(".bias"):
        return 0.0, 0.25
    if len(shape) == 1:  # norms
        return 1.0, 0.25
    if "embed" in name:
        return 0.0, 1.0
    if name.endswith("mlp.gate.weight"):
        return 0.0, 4.0 / math.sqrt(shape[-1])
    return 0.0, 2.0 / math.sqrt(shape[-1])


def make_weight(name, shape):
    """float32 array whose values are exact in bfloat16."""
    centre, half = amplitude(name, shape)
    count = int(np.prod(shape))
    return to_bf16(np.float32(centre) + np.float32(half) * uniform(name, count)).reshape(shape)


def make_fp8(name, shape):
    """(bytes e4m3, scales of 128x128 blocks): any finite byte, scales around 2 / (130 sqrt(in))."""
    count = int(np.prod(shape))
    raw = (bits(name, count) >> np.uint64(56)).astype(np.uint8)
    raw = np.where((raw & 0x7F) == 0x7F, raw ^ 1, raw).astype(np.uint8).reshape(shape)
    grid = tuple((n + 127) // 128 for n in shape)
    unit = uniform(name + "_scale_inv", int(np.prod(grid)))
    scale = (np.float32(1.0 + 0.0) + np.float32(0.5) * unit) * np.float32(1.0 / (130.0 * math.sqrt(shape[-1])))
    return raw, scale.astype(np.float32).reshape(grid)


def e4m3_value(raw):
    sign = np.where(raw & 0x80, -1.0, 1.0)
    exponent = ((raw >> 3) & 15).astype(np.int64)
    mantissa = (raw & 7).astype(np.float64)
    value = np.where(exponent == 0, mantissa / 8 * 2.0 ** -6, (1 + mantissa / 8) * 2.0 ** (exponent - 7))
    return (sign * value).astype(np.float32)


def dequantise_fp8(raw, scale):
    wide = np.repeat(np.repeat(scale, 128, axis=0), 128, axis=1)[: raw.shape[0], : raw.shape[1]]
    return e4m3_value(raw) * wide


# --- checkpoint files ---------------------------------------------------------------------------------------------

def write_safetensors(path, tensors):
    """tensors: name -> (dtype text, shape, bytes)."""
    header, offset = {}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)))
        out.write(text)
        for _, _, data in tensors.values():
            out.write(data)


def bf16_bytes(values):
    return (values.view(np.uint32) >> 16).astype("<u2").tobytes()


def is_fp8_weight(name):
    return name.endswith("_proj.weight") or name.endswith("proj_with_mqa.weight")


class Checkpoint:
    """Hands out named weights, fills a module with them and remembers what goes to the file."""

    def __init__(self, fp8=False):
        self.fp8 = fp8
        self.tensors = {}

    def get(self, name, shape):
        shape = tuple(shape)
        if self.fp8 and len(shape) == 2 and is_fp8_weight(name):
            raw, scale = make_fp8(name, shape)
            self.tensors[name] = ("F8_E4M3", shape, raw.tobytes())
            self.tensors[name + "_scale_inv"] = ("F32", scale.shape, scale.astype("<f4").tobytes())
            return torch.from_numpy(dequantise_fp8(raw, scale).copy())
        values = make_weight(name, shape)
        if name.endswith("e_score_correction_bias"):
            self.tensors[name] = ("F32", shape, values.astype("<f4").tobytes())
        else:
            self.tensors[name] = ("BF16", shape, bf16_bytes(values))
        return torch.from_numpy(values.copy())

    def fill(self, module, prefix="", skip=()):
        """Every parameter and persistent buffer; fused experts are split into the names that checkpoints use."""
        for name, target in module.state_dict().items():
            full = prefix + name
            if full in skip:
                continue
            if name.endswith("position_ids") or "inv_freq" in name:
                continue
            if ".experts.gate_up_proj" in full or ".experts.down_proj" in full:
                stem = full[: full.index(".experts.") + len(".experts.")]
                for e in range(target.shape[0]):
                    if full.endswith("gate_up_proj"):
                        half, hidden = target.shape[1] // 2, target.shape[2]
                        gate = self.get(f"{stem}{e}.gate_proj.weight", (half, hidden))
                        up = self.get(f"{stem}{e}.up_proj.weight", (half, hidden))
                        target[e].copy_(torch.cat([gate, up], dim=0))
                    else:
                        target[e].copy_(self.get(f"{stem}{e}.down_proj.weight", target.shape[1:]))
                continue
            target.copy_(self.get(full, target.shape).to(target.dtype))


# --- cases --------------------------------------------------------------------------------------------------------

BASE = dict(vocab_size=256, hidden_size=64, intermediate_size=160, num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=512, rms_norm_eps=1e-6, bos_token_id=0, eos_token_id=1, pad_token_id=None,
            tie_word_embeddings=False)
DEFAULT_ROPE = {"rope_type": "default", "rope_theta": 10000.0}
LLAMA3_ROPE = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
               "high_freq_factor": 4.0, "original_max_position_embeddings": 64}


def yarn(mscale, factor=8.0):
    return {"rope_type": "yarn", "rope_theta": 10000.0, "factor": factor, "original_max_position_embeddings": 64,
            "beta_fast": 32.0, "beta_slow": 1.0, "mscale": mscale, "mscale_all_dim": mscale}


MLA = dict(num_key_value_heads=4, kv_lora_rank=32, qk_nope_head_dim=24, qk_rope_head_dim=16, v_head_dim=16,
           moe_intermediate_size=48, first_k_dense_replace=1, num_hidden_layers=3, num_experts_per_tok=3,
           n_shared_experts=2, attention_bias=False)
V3 = dict(MLA, q_lora_rank=40, n_shared_experts=1, n_routed_experts=16, n_group=4, topk_group=2, norm_topk_prob=True,
          routed_scaling_factor=2.5, rope_parameters=yarn(1.0))

CASES = [
    ("llama", "llama", dict(num_key_value_heads=4, rope_parameters=DEFAULT_ROPE), {}),
    ("llama_gqa_rope3", "llama", dict(num_key_value_heads=2, rope_parameters=LLAMA3_ROPE, rms_norm_eps=1e-5), {}),
    ("llama_tied", "llama", dict(num_key_value_heads=1, rope_parameters=DEFAULT_ROPE, tie_word_embeddings=True), {}),
    ("qwen2", "qwen2", dict(num_key_value_heads=2, rope_parameters=DEFAULT_ROPE), {}),
    ("qwen2_tied", "qwen2", dict(num_key_value_heads=2, tie_word_embeddings=True,
                                 rope_parameters={"rope_type": "default", "rope_theta": 1000000.0}), {}),
    ("deepseek_v2_lite", "deepseek_v2", dict(MLA, q_lora_rank=None, n_routed_experts=8, n_group=1, topk_group=1,
                                             topk_method="greedy", norm_topk_prob=False, routed_scaling_factor=1.0,
                                             rope_parameters=yarn(0.707)), {}),
    ("deepseek_v2", "deepseek_v2", dict(MLA, q_lora_rank=40, n_routed_experts=16, n_group=4, topk_group=2,
                                        topk_method="group_limited_greedy", norm_topk_prob=False,
                                        routed_scaling_factor=16.0, rope_parameters=yarn(0.707)), {}),
    ("deepseek_v3", "deepseek_v3", dict(V3), {"mtp": True}),
    ("deepseek_v3_fp8", "deepseek_v3", dict(V3, hidden_size=160, intermediate_size=288, moe_intermediate_size=136,
                                            num_hidden_layers=2, n_routed_experts=8, n_group=2, topk_group=1,
                                            kv_lora_rank=136), {"fp8": True}),
    ("deepseek_v32", "deepseek_v32", dict(V3, index_topk=24, index_head_dim=32, index_n_heads=4), {}),
]


def build(model_type, settings):
    from transformers import AutoConfig, AutoModelForCausalLM
    values = dict(BASE)
    values.update(settings)
    config = AutoConfig.for_model(model_type, **values)
    eager = {"attn_implementation": "eager"}
    for attempt in (dict(eager, experts_implementation="eager"), eager, {}):
        try:
            model = AutoModelForCausalLM.from_config(config, **attempt)
            break
        except (TypeError, ValueError):
            if not attempt:
                raise
    try:
        model.set_experts_implementation("eager")
    except Exception:  # older releases have one way only
        pass
    return config, model.to(torch.float32).eval()


def fix_scaling(model, settings, notes):
    """The maker's DeepSeek code scales scores by mscale(all_dim)^2; not every port of the class does. Set and record."""
    rope = settings.get("rope_parameters", {})
    if rope.get("rope_type") != "yarn" or "kv_lora_rank" not in settings:
        return
    m = 0.1 * rope["mscale_all_dim"] * math.log(rope["factor"]) + 1.0
    wanted = (settings["qk_nope_head_dim"] + settings["qk_rope_head_dim"]) ** -0.5 * m * m
    for layer in model.model.layers:
        notes["scaling_of_the_class"] = float(layer.self_attn.scaling)
        layer.self_attn.scaling = wanted
    notes["scaling_used"] = wanted


def prompts_for(vocab):
    lengths = [1, 7, 40, 100]
    return [[int(x) for x in (bits(f"prompt{n}", n) >> np.uint64(33)) % np.uint64(vocab)] for n in lengths]


def logits_of(model, ids):
    return model(input_ids=torch.tensor([ids]), use_cache=False).logits[0].float()


def greedy(model, ids, steps):
    """Without a cache: the plainest form. Returns tokens and the margin of each choice over the second."""
    tokens, margins = [], []
    ids = list(ids)
    for _ in range(steps):
        last = logits_of(model, ids)[-1]
        top = torch.topk(last, 2)
        tokens.append(int(top.indices[0]))
        margins.append(round(float(top.values[0] - top.values[1]), 6))
        ids.append(tokens[-1])
    return tokens, margins


def add_mtp(model, checkpoint, case_dir, record):
    """The multi-token prediction module, which transformers does not hold: the paper's equation over the class's layer.

    h' = eh_proj [enorm(embed(t_{i+1})); hnorm(h_i)], one decoder layer, shared_head.norm, shared head.
    h is the last layer's output before the final norm; positions are those of token i.
    """
    config = model.config
    layer = type(model.model.layers[-1])(config, config.num_hidden_layers - 1).eval().float()
    norm_type = type(model.model.norm)
    n = config.num_hidden_layers
    stem = f"model.layers.{n}."
    enorm, hnorm, final = (norm_type(config.hidden_size, eps=config.rms_norm_eps) for _ in range(3))
    eh = torch.nn.Linear(2 * config.hidden_size, config.hidden_size, bias=False)
    checkpoint.fill(layer, stem)
    layer.self_attn.scaling = model.model.layers[0].self_attn.scaling
    for module, name in ((enorm, "enorm"), (hnorm, "hnorm"), (final, "shared_head.norm"), (eh, "eh_proj")):
        checkpoint.fill(module, f"{stem}{name}.")
    prompt = record["prompts"][2]
    ids = torch.tensor([prompt])
    captured = {}
    handle = model.model.layers[-1].register_forward_hook(
        lambda _m, _a, out: captured.__setitem__("h", out[0] if isinstance(out, tuple) else out))
    model(input_ids=ids, use_cache=False)
    handle.remove()
    h = captured["h"][:, :-1]
    count = h.shape[1]
    x = eh(torch.cat([enorm(model.model.embed_tokens(ids[:, 1:])), hnorm(h)], dim=-1))
    positions = torch.arange(count)[None]
    rope = model.model.rotary_emb(x, position_ids=positions)
    mask = torch.full((1, 1, count, count), float("-inf")).triu(1)
    out = layer(x, attention_mask=mask, position_ids=positions, position_embeddings=rope)
    out = out[0] if isinstance(out, tuple) else out
    logits = model.lm_head(final(out))[0].float()
    logits.numpy().astype("<f4").tofile(os.path.join(case_dir, "mtp_logits.f32"))
    record["mtp"] = {"prompt": 2, "rows": count, "layer": n}


def write_config(path, model_type, settings):
    """config.json as the maker writes it: rope_theta and rope_scaling, the form of checkpoints that people have."""
    values = dict(BASE)
    values.update(settings)
    rope = dict(values.pop("rope_parameters"))
    values["rope_theta"] = rope.pop("rope_theta")
    kind = rope.pop("rope_type")
    values["rope_scaling"] = None
    if kind != "default":
        values["rope_scaling"] = dict(rope, **({"type": kind} if kind == "yarn" else {"rope_type": kind}))
    architecture = {"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "deepseek_v2": "DeepseekV2ForCausalLM",
                    "deepseek_v3": "DeepseekV3ForCausalLM", "deepseek_v32": "DeepseekV32ForCausalLM"}[model_type]
    if model_type == "deepseek_v3" or model_type == "deepseek_v32":
        values.update(scoring_func="sigmoid", topk_method="noaux_tc", moe_layer_freq=1)
    if model_type == "deepseek_v2":
        values.update(scoring_func="softmax", moe_layer_freq=1)
    values.update(architectures=[architecture], model_type=model_type, hidden_act="silu", torch_dtype="bfloat16")
    if values.pop("fp8", False):
        values["quantization_config"] = {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128],
                                         "activation_scheme": "dynamic"}
    with open(path, "w") as out:
        json.dump(values, out, indent=1)


def run_causal(out_dir, case, model_type, settings, options):
    case_dir = os.path.join(out_dir, case)
    os.makedirs(case_dir, exist_ok=True)
    config, model = build(model_type, settings)
    checkpoint = Checkpoint(fp8=options.get("fp8", False))
    tied = settings.get("tie_word_embeddings", False)
    checkpoint.fill(model, skip=("lm_head.weight",) if tied else ())
    if tied:
        with torch.no_grad():
            model.lm_head.weight.copy_(model.model.embed_tokens.weight)
    record = {"case": case, "model_type": model_type, "notes": {}, "prompts": prompts_for(BASE["vocab_size"])}
    fix_scaling(model, settings, record["notes"])
    record["greedy"], record["margins"] = [], []
    for k, prompt in enumerate(record["prompts"]):
        logits_of(model, prompt).numpy().astype("<f4").tofile(os.path.join(case_dir, f"logits_{k}.f32"))
        if k in (1, 3):
            tokens, margins = greedy(model, prompt, GREEDY_STEPS)
        else:
            tokens, margins = [], []
        record["greedy"].append(tokens)
        record["margins"].append(margins)
    settings = dict(settings)
    if options.get("mtp"):
        try:
            add_mtp(model, checkpoint, case_dir, record)
            settings["num_nextn_predict_layers"] = 1
        except Exception as error:  # the main answers of the case are worth keeping
            record["notes"]["mtp_failed"] = repr(error)
            for name in [t for t in checkpoint.tensors if t.startswith(f"model.layers.{config.num_hidden_layers}.")]:
                del checkpoint.tensors[name]
            print(traceback.format_exc(), flush=True)
    write_config(os.path.join(case_dir, "config.json"), model_type, dict(settings, fp8=options.get("fp8", False)))
    write_safetensors(os.path.join(case_dir, "model.safetensors"), checkpoint.tensors)
    record["tensors"] = {name: [dtype, list(shape)] for name, (dtype, shape, _) in checkpoint.tensors.items()}
    with open(os.path.join(case_dir, "case.json"), "w") as out:
        json.dump(record, out)
    return {"spread": float(np.std(logits_of(model, record["prompts"][1]).numpy())), "notes": record["notes"],
            "least_margin": min(m for row in record["margins"] for m in row)}


def run_bert(out_dir, case):
    from transformers import BertConfig, BertModel
    case_dir = os.path.join(out_dir, case)
    os.makedirs(case_dir, exist_ok=True)
    values = dict(vocab_size=256, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
                  max_position_embeddings=128, type_vocab_size=2, layer_norm_eps=1e-12, hidden_act="gelu",
                  hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, pad_token_id=0)
    model = BertModel(BertConfig(**values), add_pooling_layer=False).float().eval()
    checkpoint = Checkpoint()
    checkpoint.fill(model)
    record = {"case": case, "model_type": "bert", "notes": {}, "prompts": prompts_for(256), "hidden_size": 64}
    for k, prompt in enumerate(record["prompts"]):
        ids = torch.tensor([prompt])
        hidden = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0].float()
        hidden.numpy().astype("<f4").tofile(os.path.join(case_dir, f"hidden_{k}.f32"))
    values.update(architectures=["BertModel"], model_type="bert", torch_dtype="bfloat16")
    with open(os.path.join(case_dir, "config.json"), "w") as out:
        json.dump(values, out, indent=1)
    write_safetensors(os.path.join(case_dir, "model.safetensors"), checkpoint.tensors)
    record["tensors"] = {name: [dtype, list(shape)] for name, (dtype, shape, _) in checkpoint.tensors.items()}
    with open(os.path.join(case_dir, "case.json"), "w") as out:
        json.dump(record, out)
    return {"spread": float(hidden.std())}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out_dir = sys.argv[1]
    os.makedirs(out_dir, exist_ok=True)
    torch.manual_seed(0)
    torch.set_grad_enabled(False)
    # Tensors this small lose a hundredfold to waking threads: 1.2 s a step of a MoE case with 16, 16 cores shared.
    torch.set_num_threads(1)
    summary = {"torch": torch.__version__, "cases": {}}
    try:
        import transformers
        summary["transformers"] = transformers.__version__
    except ImportError:
        sys.exit("transformers is not installed")
    jobs = [(name, lambda c=(name, kind, settings, options): run_causal(out_dir, *c))
            for name, kind, settings, options in CASES]
    jobs.append(("bert", lambda: run_bert(out_dir, "bert")))
    for name, job in jobs:
        if os.path.exists(os.path.join(out_dir, name, "case.json")):  # a run that was cut short goes on
            summary["cases"][name] = {"ok": True, "kept": True}
            continue
        start = time.time()
        try:
            summary["cases"][name] = dict(job(), ok=True, seconds=round(time.time() - start, 2))
        except Exception as error:
            print(traceback.format_exc(), flush=True)
            summary["cases"][name] = {"ok": False, "error": repr(error)[:2000]}
        print(name, summary["cases"][name], flush=True)
    with open(os.path.join(out_dir, "summary.json"), "w") as out:
        json.dump(summary, out, indent=1)


if __name__ == "__main__":
    main()
