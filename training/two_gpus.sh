#!/bin/sh
# Both models at once on a machine with two GPUs that is lent in calls: the trainers outlive the call that started them.
#   two_gpus.sh start CODE BUNDLE MINI.gguf SECONDS EMBED_SECONDS   unpack, import the released weights, start; seine-mini goes on from them
#   two_gpus.sh more BUNDLE                                         further text shards; the workers take them up
#   two_gpus.sh watch SECONDS                                       what the logs say after so long
#   two_gpus.sh finish OUT SECONDS                                  wait for both, evaluate, export to OUT
# With one GPU both share it. State lies under /tmp/seine.
set -u
W=/tmp/seine; what=$1; shift
export PYTHONUNBUFFERED=1 OMP_NUM_THREADS=2
show() { for r in mini embed; do echo "--- $r"; tail -n "${1:-6}" $W/$r/train.out | cut -c1-420; grep -v Warning $W/$r/train.err | tail -n 3; done; }
case $what in
start)
  mkdir -p $W/mini $W/embed $W/out; cp -r "$1" $W/code; cd $W/code
  python3 dataset.py unpack "$2" $W/data
  python3 import_gguf.py "$3" $W/tok $W/init.pt --meta '{"step": 6842, "tokens": 897000000, "spent": 900.0}'
  gpus=$(nvidia-smi -L | wc -l); [ "$gpus" -gt 1 ] && other=1 mw=16 ew=11 || other=0 mw=9 ew=5
  CUDA_VISIBLE_DEVICES=0 setsid python3 train.py --data $W/data --run $W/mini --pack $W/out/mini --init $W/init.pt --restart --plan resume --seconds "$4" --decay 0.45 --qat 0.2 \
    --seed 2 --workers $mw --eval-every 240 --quick 96 > $W/mini/train.out 2> $W/mini/train.err < /dev/null &
  CUDA_VISIBLE_DEVICES=$other setsid python3 embed_train.py --data $W/data --run $W/embed --pack $W/out/embed --seconds "$5" --workers $ew --eval-every 200 \
    > $W/embed/train.out 2> $W/embed/train.err < /dev/null & ;;
more) cd $W/code; python3 dataset.py unpack "$1" $W/data; ls -la $W/data | grep lm- ;;
watch) sleep "$1"; show ;;
finish)
  out=$1; end=$(($(date +%s) + $2)); cd $W/code
  for r in embed mini; do while ! grep -q '"done"' $W/$r/log.jsonl && [ "$(date +%s)" -lt $end ]; do sleep 1; done; done
  python3 export.py --ckpt $W/out/mini --tok $W/tok --gguf $W/mini.gguf & python3 embed_export.py --ckpt $W/out/embed --tok $W/tok --gguf $W/embed.gguf & wait
  split -b 15500000 -d $W/mini.gguf "$out/mini.gguf." ; cp $W/embed.gguf "$out/"
  n=0; for s in en_gold en_gold4 en_none zh_gold zh_gold4 zh_none; do
    CUDA_VISIBLE_DEVICES=$((n % $(nvidia-smi -L | wc -l))) timeout 75 python3 evaluate.py --data $W/data --ckpt $W/out/mini --out $W/eval-$s.json --sets $s --n 240 --quant rtn > $W/eval-$s.log 2>&1 &
    n=$((n + 1)); done
  timeout 60 python3 embed_eval.py --data $W/data --ckpt $W/out/embed --quant rtn > $W/eval-embed.json 2>/dev/null &
  wait
  python3 evaluate.py --merge $W/eval.json $W/eval-*_*.json; cat $W/eval-embed.json; show 3
  tar czf "$out/logs.tgz" -C $W eval.json eval-embed.json mini/log.jsonl embed/log.jsonl mini/train.err embed/train.err ;;
esac
