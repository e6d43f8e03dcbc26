"""Block formats of the release and the matching fake quantisation for training.

Q4_0: 32 weights share one fp16 scale d = extreme / -8, weight = d * (code - 8), code 0..15. Q8_0: d = |max| / 127.
`fake` returns exactly the values that `encode_q4_0` / `encode_q8_0` store, so a model trained through it loses nothing at
export. Blocks run along the last axis (the inputs of a row).
"""
import numpy as np, torch

BLOCK = 32


def fake(w, bits):
    """w [..., k*32] -> the nearest values of the block format (4: Q4_0, 8: Q8_0), float32."""
    x = w.detach().float().reshape(-1, BLOCK)
    if bits == 4:
        i = x.abs().argmax(1, keepdim=True)
        d = x.gather(1, i) / -8
        lo, hi = -8, 7
    else:
        d = x.abs().amax(1, keepdim=True) / 127
        lo, hi = -127, 127
    inv = torch.where(d == 0, torch.zeros_like(d), 1 / d)
    q = torch.floor(x * inv + 0.5).clamp(lo, hi)
    return (q * d.half().float()).reshape(w.shape)


def _blocks(w):
    return np.ascontiguousarray(w, np.float32).reshape(-1, BLOCK)


def encode_q4_0(w):
    """float array [..., k*32] -> bytes: per block fp16 d, then 16 bytes; byte j holds code j low and code j + 16 high."""
    x = _blocks(w)
    d = (np.take_along_axis(x, np.abs(x).argmax(1)[:, None], 1) / np.float32(-8)).astype(np.float32)
    inv = np.divide(np.float32(1), d, out=np.zeros_like(d), where=d != 0)
    q = (np.floor(x * inv + np.float32(0.5)).clip(-8, 7) + 8).astype(np.uint8)
    return np.concatenate([d.astype(np.float16).view(np.uint8), q[:, :16] | q[:, 16:] << 4], 1).tobytes()


def encode_q8_0(w):
    """float array [..., k*32] -> bytes: per block fp16 d, then 32 int8."""
    x = _blocks(w)
    d = np.abs(x).max(1, keepdims=True) / np.float32(127)
    inv = np.divide(np.float32(1), d, out=np.zeros_like(d), where=d != 0)
    q = np.floor(x * inv + np.float32(0.5)).clip(-127, 127).astype(np.int8)
    return np.concatenate([d.astype(np.float16).view(np.uint8), q.view(np.uint8)], 1).tobytes()


def decode(data, bits, shape):
    """Inverse of the encoders, float32."""
    b = np.frombuffer(data, np.uint8).reshape(-1, 18 if bits == 4 else 34)
    d = b[:, :2].copy().view(np.float16).astype(np.float32)
    if bits == 8:
        return (d * b[:, 2:].copy().view(np.int8)).reshape(shape)
    q = np.concatenate([b[:, 2:] & 15, b[:, 2:] >> 4], 1).astype(np.float32) - 8
    return (d * q).reshape(shape)


def width(name, ndim):
    """Bits of a parameter in the release: 4 for feed-forward weights (experts, shared experts, the dense layer), 8 for
    the other matrices, 0 (left in float32) for norms, router and balancing bias."""
    if ndim < 2 or "gate.weight" in name:
        return 0
    return 4 if ".mlp." in name else 8


class FakeQuant:
    """Straight-through training: weights are replaced by their quantised values for forward and backward, and the
    gradient is applied to the kept full-precision weights. Outside the compiled graph, so switching it on costs no
    recompilation."""

    def __init__(self, model):
        self.items = [(p, width(n, p.dim())) for n, p in model.named_parameters() if width(n, p.dim())]
        self.kept = None

    @torch.no_grad()
    def enter(self):
        self.kept = [p.detach().clone() for p, _ in self.items]
        for p, bits in self.items:
            p.copy_(fake(p, bits))

    @torch.no_grad()
    def leave(self):
        for (p, _), k in zip(self.items, self.kept):
            p.copy_(k)
        self.kept = None
