#!/bin/sh
# Both models at once on a machine with two GPUs that is lent in calls: the trainers outlive the call that started them.
# Both go on from their released files.
#   two_gpus.sh begin CODE MINI.gguf EMBED.gguf       copy the code, import the released weights
#   two_gpus.sh more BUNDLE                           what prepare.py wrote
#   two_gpus.sh text SHARED BPE                       text shards of SHARED/corpus, tokenised there; the workers take them up
#   two_gpus.sh embed SECONDS [ARGUMENTS]             seine-embed, on the last GPU
#   two_gpus.sh mini NAME SECONDS [ARGUMENTS]         a run of seine-mini under NAME, on the first GPU
#   two_gpus.sh watch SECONDS RUN...                  what the logs say after so long
#   two_gpus.sh wait SECONDS RUN...                   until they are done, or so long
#   two_gpus.sh finish NAME OUT                       GGUF of a run of seine-mini, or of seine-embed (NAME embed) with its figures
# With one GPU both share it. State lies under /tmp/seine. RUN/decay_in, written from outside, sets off the decay.
set -u
W=/tmp/seine; what=$1; shift
export PYTHONUNBUFFERED=1 OMP_NUM_THREADS=2
log() { for r in "$@"; do echo "--- $r"; tail -n 5 $W/$r/train.out | cut -c1-1500; grep -v Warning $W/$r/train.err | tail -n 3; done; }
gpus=$(nvidia-smi -L | wc -l); workers=$((gpus > 1 ? 15 : 7))
case $what in
begin)
  mkdir -p $W/out; cp -r "$1" $W/code; cd $W/code
  python3 import_gguf.py "$2" $W/tok $W/mini-init.pt; python3 import_gguf.py "$3" $W/tok $W/embed-init.pt ;;
more) cd $W/code; python3 dataset.py unpack "$1" $W/data; ls $W/data | grep lm- | tr '\n' ' ' ;;
text)
  setsid python3 $W/code/prepare.py --shared "$1" --tok $W/tok --bpe "$2" --out $W/data --parts lm --npy > $W/text.out 2>&1 < /dev/null & ;;
embed)
  cd $W/code; seconds=$1; shift; mkdir -p $W/embed
  CUDA_VISIBLE_DEVICES=$((gpus - 1)) setsid python3 embed_train.py --data $W/data --run $W/embed --pack $W/out/embed --init $W/embed-init.pt --seconds "$seconds" --workers $workers \
    "$@" > $W/embed/train.out 2> $W/embed/train.err < /dev/null & ;;
mini)
  cd $W/code; name=$1 seconds=$2; shift 2; mkdir -p $W/"$name"
  CUDA_VISIBLE_DEVICES=0 setsid python3 train.py --data $W/data --run $W/"$name" --pack $W/out/"$name" --init $W/mini-init.pt --restart --plan read --seconds "$seconds" --workers $workers \
    "$@" > $W/"$name"/train.out 2> $W/"$name"/train.err < /dev/null & ;;
watch) sleep "$1"; shift; log "$@"; nvidia-smi --query-gpu=utilization.gpu,memory.used --format=csv,noheader | tr '\n' ';' ;;
wait)
  end=$(($(date +%s) + $1)); shift
  for r in "$@"; do while ! grep -q '"done"' $W/$r/log.jsonl 2> /dev/null && [ "$(date +%s)" -lt $end ]; do sleep 1; done; done; log "$@" ;;
finish)
  cd $W/code
  if [ "$1" = embed ]; then
    python3 embed_export.py --ckpt $W/out/embed --tok $W/tok --gguf "$2/embed.gguf"
    timeout 100 python3 embed_eval.py --data $W/data --ckpt $W/out/embed --quant rtn --n 4000
  else
    python3 export.py --ckpt $W/out/"$1" --tok $W/tok --gguf $W/"$1".gguf && split -b 15500000 -d $W/"$1".gguf "$2/$1.gguf."
  fi
  gzip -c $W/"$1"/log.jsonl > "$2/$1.jsonl.gz" ;;
esac
