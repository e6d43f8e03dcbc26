#!/bin/sh
# Training on a machine with any number of GPUs that is lent in calls of minutes: trainers outlive the call that started them.
# All go on from the released files. State lies under /tmp/seine; a run of seine-mini is known by its seed; paths are absolute.
#   gpus.sh begin CODE MINI.gguf [EMBED.gguf]        copy the code, import the released weights
#   gpus.sh more BUNDLE                              what prepare.py wrote
#   gpus.sh text SHARED BPE                          text shards of SHARED/corpus, tokenised there; the workers take them up
#   gpus.sh mini GPU SECONDS "SEED..." [ARGUMENTS]   runs of seine-mini one after the other
#   gpus.sh together SECONDS SEED [ARGUMENTS]        one run of seine-mini on all GPUs
#   gpus.sh embed GPU SECONDS [ARGUMENTS]            seine-embed
#   gpus.sh watch SECONDS RUN...                     what the logs say after so long, or once these are done (RUN: mini41, embed)
#   gpus.sh mean NAME SEED:WEIGHT...                 mean of runs; seed 0 is the released file
#   gpus.sh judge ITEMS "NAME/QUANT..."              losses on validation of means, all at once (QUANT: none, rtn)
#   gpus.sh home NAME OUT                            packed checkpoint of a mean or a run (embed), logs and losses
# RUN/decay_in, written from outside, sets off a run's decay; /tmp/seine/seconds holds for runs of `mini` that begin later.
set -u
W=/tmp/seine; what=$1; shift; here=$(cd "$(dirname "$0")" && pwd)
export PYTHONUNBUFFERED=1 OMP_NUM_THREADS=2
gpus=$(nvidia-smi -L 2> /dev/null | wc -l); workers=${WORKERS:-$((gpus > 1 ? 14 : 7))}
cd $W/code 2> /dev/null || cd "$here" || exit
train() { # NAME ARGUMENTS
  run=$W/$1; shift; mkdir -p "$run"
  python3 "$@" --data $W/data --run "$run" --pack "$W/out/${run##*/}" --workers $workers > "$run/train.out" 2> "$run/train.err" < /dev/null
}
reader() { # NAME SEED SECONDS ARGUMENTS
  name=$1 seed=$2 seconds=$3; shift 3
  train "$name" train.py --init $W/mini-init.pt --restart --plan read --seconds "$seconds" --seed "$seed" "$@"
}
finished() { for r in "$@"; do grep -q '"done"' "$W/$r/log.jsonl" 2> /dev/null || return 1; done; }
case $what in
begin)
  mkdir -p $W/out; cp -r "$1" $W/code; cd $W/code || exit
  python3 import_gguf.py "$2" $W/tok $W/mini-init.pt
  [ $# -lt 3 ] || python3 import_gguf.py "$3" $W/tok $W/embed-init.pt ;;
more) python3 dataset.py unpack "$1" $W/data; ls $W/data | grep lm- | tr '\n' ' ' ;;
text) setsid python3 prepare.py --shared "$1" --tok $W/tok --bpe "$2" --out $W/data --parts lm --npy > $W/text.out 2>&1 < /dev/null & ;;
mini) setsid sh ./gpus.sh series "$@" > /dev/null 2>&1 < /dev/null & ;;
series)
  export CUDA_VISIBLE_DEVICES="$1"; seconds=$2 seeds=$3; shift 3
  for s in $seeds; do reader "mini$s" "$s" "$(cat $W/seconds 2> /dev/null || echo "$seconds")" "$@"; done ;;
together)
  setsid sh ./gpus.sh rank 0 "$@" > /dev/null 2>&1 < /dev/null &
  n=1; while [ $n -lt "$gpus" ]; do setsid sh ./gpus.sh rank $n "$@" > /dev/null 2>&1 < /dev/null & n=$((n + 1)); done ;;
rank) # each writes what it says of itself beside the others' (mini41, mini41.1, ...); the first alone writes the log
  n=$1 seconds=$2 seed=$3; shift 3
  reader "mini$seed$([ "$n" = 0 ] || echo ".$n")" "$seed" "$seconds" --rank "$n" --world "$gpus" "$@" ;;
embed)
  gpu=$1 seconds=$2; shift 2; export CUDA_VISIBLE_DEVICES="$gpu"
  setsid sh ./gpus.sh encoder "$seconds" "$@" > /dev/null 2>&1 < /dev/null & ;;
encoder) seconds=$1; shift; train embed embed_train.py --init $W/embed-init.pt --seconds "$seconds" "$@" ;;
watch)
  end=$(($(date +%s) + $1)); shift
  while [ "$(date +%s)" -lt $end ] && ! finished "$@"; do sleep 1; done
  for r in "$@"; do echo "--- $r"; tail -n 5 "$W/$r/train.out" | cut -c1-700; grep -v Warning "$W/$r/train.err" | tail -n 3; done
  nvidia-smi --query-gpu=utilization.gpu,memory.used --format=csv,noheader | tr '\n' ';' ;;
mean)
  name=$1; shift
  python3 average.py "$W/$name.pt" $(for r in "$@"; do [ "${r%:*}" = 0 ] && echo "$W/mini-init.pt:${r#*:}" || echo "$W/out/mini$r"; done) ;;
judge)
  n=0
  for c in $2; do
    CUDA_VISIBLE_DEVICES=$((gpus ? n % gpus : 0)) python3 evaluate.py --data $W/data --ckpt "$W/${c%/*}.pt" --out "$W/judged-${c%/*}-${c#*/}.json" --sets "" --quick "$1" --quant "${c#*/}" > /dev/null &
    n=$((n + 1))
  done
  wait; for f in $W/judged-*.json; do echo "$f $(cat "$f")"; done ;;
home)
  [ ! -f "$W/$1.pt" ] && cp "$W/out/$1".* "$2" || \
    python3 -c 'import sys, checkpoint; checkpoint.write_parts(checkpoint.pack(*checkpoint.load(sys.argv[1])), sys.argv[2])' "$W/$1.pt" "$2/$1"
  tar czf "$2/logs.tgz" -C $W $(cd $W && ls -d */log.jsonl judged-*.json) ;;
esac
