#!/bin/sh
# One stretch of the run on a machine with a GPU. What comes home lies under OUT: packed checkpoint, log.jsonl, figures.
#   stretch.sh first BUNDLE DATA RUN OUT SECONDS [train.py arguments]   unpack, check, train until SECONDS after the start of this script
#   stretch.sh next  BUNDLE DATA RUN OUT SECONDS [..]                   the same without the checks; BUNDLE '-': nothing to unpack
#   stretch.sh last  BUNDLE DATA RUN OUT SECONDS [..]                   decay to zero within SECONDS of training, then evaluate
set -u
began=$(date +%s); kind=$1 bundle=$2 data=$3 run=$4 out=$5 seconds=$6; shift 6
here=$(cd "$(dirname "$0")" && pwd); export PYTHONUNBUFFERED=1 OMP_NUM_THREADS=2
mkdir -p "$run" "$out"
[ "$bundle" = - ] || python3 "$here/dataset.py" unpack "$bundle" "$data"
[ -f "$data/merges.txt" ] || { echo "no data under $data: name a bundle" >&2; exit 1; }
if [ "$kind" = first ]; then
  python3 "$here/check_hf.py" --grouped && echo 1 > "$run/grouped" || echo 0 > "$run/grouped"
  ( cd "$run"; python3 "$here/check_hf.py" --random rand.pt --tokenizer "$data"
    python3 "$here/export.py" --ckpt rand.pt --tok "$data" --out rand --float f32
    python3 "$here/check_hf.py" --hf rand --ckpt rand.pt --data "$data" ) > "$run/check.log" 2>&1 &
fi
grouped=$(cat "$run/grouped" 2>/dev/null || echo 0)
limit="--until $((seconds - $(date +%s) + began))"; [ "$kind" = last ] && limit="--finish-in $seconds"
python3 "$here/train.py" --data "$data" --run "$run" --pack "$out/ckpt" --grouped "$grouped" $limit "$@" 2>"$run/train.err"
status=$?
grep -v Warning "$run/train.err" | tail -n 12
[ $status = 0 ] || exit $status
if [ "$kind" = first ]; then
  grep '^{' "$run/check.log" || tail -n 12 "$run/check.log"
fi
if [ "$kind" = last ]; then
  cd "$run"
  python3 "$here/export.py" --ckpt "$out/ckpt" --tok "$data" --out hf --dequantised --float f32
  python3 "$here/check_hf.py" --hf hf --ckpt "$out/ckpt" --data "$data" --dequantised 2>&1 | grep check &
  for s in en_gold en_gold4 en_none zh_gold zh_gold4 zh_none; do
    python3 "$here/evaluate.py" --data "$data" --ckpt "$out/ckpt" --out "eval-$s.json" --sets $s --n 400 --quant rtn 2>&1 | tail -n 3 &
  done
  for q in none rtn rtn8; do
    python3 "$here/evaluate.py" --data "$data" --ckpt "$out/ckpt" --out "quick-$q.json" --sets "" --quick 480 --quant $q 2>&1 | tail -n 3 &
  done
  wait
  python3 "$here/evaluate.py" --merge "$out/eval.json" eval-*.json quick-*.json
fi
