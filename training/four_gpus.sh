#!/bin/sh
# The third run, on four GPUs that are lent in calls of minutes: three compare choices for seine-mini and then share one run,
# the fourth trains seine-embed. Trainers outlive the call that started them; state lies under /tmp/seine.
#   four_gpus.sh compare CODE BUNDLE MINI.gguf SECONDS OPTIONS OPTIONS OPTIONS   one run each, constant rate, from the released weights
#   four_gpus.sh embed EMBED.gguf SECONDS
#   four_gpus.sh more BUNDLE                                        text shards; the workers take them up
#   four_gpus.sh together SECONDS OPTIONS RUN:WEIGHT...             mean of those runs, then three GPUs as one
#   four_gpus.sh watch SECONDS RUN...                               what the logs say after so long
#   four_gpus.sh keep NAME                                          the shared run's newest packed checkpoint, put by under NAME
#   four_gpus.sh finish OUT SECONDS                                 wait for both, export to OUT
set -u
W=/tmp/seine; what=$1; shift; cd "$(dirname "$0")"; here=$PWD
export PYTHONUNBUFFERED=1 OMP_NUM_THREADS=2
log() { tail -n "${2:-5}" $W/$1/train.out | cut -c1-560; grep -v Warning $W/$1/train.err | tail -n 3; }
wait_done() { end=$(($(date +%s) + $1)); shift; for r in "$@"; do while ! grep -q '"done"' $W/$r/log.jsonl 2> /dev/null && [ "$(date +%s)" -lt $end ]; do sleep 1; done; done; }
gpus=$(nvidia-smi -L | wc -l)
case $what in
compare)
  mkdir -p $W/out; cp -r "$1" $W/code; seconds=$4
  cd $W/code; python3 dataset.py unpack "$2" $W/data; python3 import_gguf.py "$3" $W/tok $W/init.pt
  shift 4; n=0
  for o in "$@"; do
    mkdir -p $W/try$n
    CUDA_VISIBLE_DEVICES=$((n % gpus)) setsid python3 train.py --data $W/data --run $W/try$n --pack $W/try$n/ckpt --init $W/init.pt --plan read --seconds 1e6 --decay 0 --qat 0 --until "$seconds" \
      --seed $((n + 11)) --workers 14 --eval-every 1e6 --quick 320 --options "$o" > $W/try$n/train.out 2> $W/try$n/train.err < /dev/null &
    n=$((n + 1))
  done ;;
embed)
  cd $W/code; python3 import_gguf.py "$1" $W/tok $W/embed-init.pt; mkdir -p $W/embed
  CUDA_VISIBLE_DEVICES=$((gpus - 1)) setsid python3 embed_train.py --data $W/data --run $W/embed --pack $W/out/embed --init $W/embed-init.pt --seconds "$2" --mlm .2 --workers 14 \
    --eval-every 240 > $W/embed/train.out 2> $W/embed/train.err < /dev/null & ;;
more) cd $W/code; python3 dataset.py unpack "$1" $W/data; ls $W/data | grep lm- | tr '\n' ' ' ;;
together)
  cd $W/code; seconds=$1 options=$2; shift 2; mkdir -p $W/mini
  [ $# = 0 ] && cp $W/init.pt $W/start.pt || python3 average.py $W/start.pt $(for r in "$@"; do echo "$W/${r%:*}/ckpt:${r#*:}"; done)
  world=$((gpus > 1 ? gpus - 1 : 1)); n=0
  while [ $n -lt $world ]; do
    setsid python3 train.py --data $W/data --run $W/mini --pack $W/out/mini --init $W/start.pt --restart --plan read --seconds "$seconds" --decay 0.45 --qat 0.2 \
      --rank $n --world $world --seed 3 --workers 15 --eval-every 240 --quick 160 --options "$options" > $W/mini/train.out$n 2> $W/mini/train.err$n < /dev/null &
    n=$((n + 1))
  done
  ln -sf train.out0 $W/mini/train.out; ln -sf train.err0 $W/mini/train.err ;;
watch) sleep "$1"; shift; for r in "$@"; do echo "--- $r"; log $r; done; nvidia-smi --query-gpu=utilization.gpu,memory.used --format=csv,noheader | tr '\n' ';'; cut -d' ' -f1-3 /proc/loadavg ;;
wait) seconds=$1; shift; wait_done $seconds "$@"; for r in "$@"; do echo "--- $r"; log $r 4; done ;;
keep) for f in $W/out/mini.[0-9]*; do cp "$f" "$W/$1.${f##*.}"; done; ls $W/$1.* ;;
gguf) cd $W/code; python3 export.py --ckpt "$1" --tok $W/tok --gguf $W/e.gguf && split -b 15500000 -d $W/e.gguf "$2." ;;
logs) tar czf "$1" -C $W $(cd $W; ls -d */log.jsonl */train.err*) ;;
esac
