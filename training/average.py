"""Averages checkpoints of one run (the later one's step is kept). usage: average.py OUT.pt CKPT:WEIGHT..."""
import sys
import torch
import checkpoint

total, mean = 0.0, None
for arg in sys.argv[2:]:
    path, w = arg.rsplit(":", 1); w = float(w)
    state, meta = checkpoint.load(path); total += w
    mean = {k: v * w for k, v in state.items()} if mean is None else {k: mean[k] + v * w for k, v in state.items()}
torch.save(dict(state={k: v / total for k, v in mean.items()}, meta=meta), sys.argv[1])
