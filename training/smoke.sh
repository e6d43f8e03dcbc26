#!/bin/sh
# The whole chain on a CPU with a tiny model: train, stop, resume, resume from a packed checkpoint, quantise, evaluate,
# export. usage: smoke.sh DATA (an unpacked bundle, see README.md) [PYTHON]
set -eu
data=$1; py=${2:-python3}; here=$(cd "$(dirname "$0")" && pwd); run=$(mktemp -d); trap 'rm -rf "$run"' EXIT
config='{"hidden_size":64,"num_hidden_layers":3,"num_attention_heads":2,"kv_lora_rank":32,"intermediate_size":96,"moe_intermediate_size":32}'
train() { $py "$here/train.py" --data "$data" --device cpu --B 2 --T 512 --workers 1 --log-every 5 --quick 2 --steps 24 --config "$config" "$@"; }
train --run "$run/a" --pack "$run/pack" --grouped 1 --max-steps 10
train --run "$run/a" --pack "$run/pack" --grouped 1
train --run "$run/b" --init "$run/pack" --steps 26 --max-steps 26
$py "$here/evaluate.py" --data "$data" --ckpt "$run/pack" --out "$run/eval1.json" --n 2 --device cpu --quant rtn --quick 2
$py "$here/evaluate.py" --merge "$run/eval.json" "$run/eval1.json"
$py "$here/export.py" --ckpt "$run/pack" --tok "$data" --out "$run/hf" --dequantised --float f32 --gguf "$run/model.gguf"
$py "$here/check_gguf.py" "$run/model.gguf" "$run/hf"
echo smoke: ok
