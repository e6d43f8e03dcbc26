"""Checkpoints that travel: bf16 weights in parts small enough to carry, without optimiser state.

A bf16 weight is sent as its exponent byte (2.7 bits after Huffman coding) and its sign-and-mantissa byte (raw, it does
not compress): 10.7 bits a weight. Layout: u64 header length, JSON header (config, step, tensors with shape and dtype),
u64 length of the coded exponents, coded exponents, mantissas, float32 tensors. Parts PREFIX.0, PREFIX.1, ... are that
byte string cut up.

usage: checkpoint.py unpack PREFIX OUT.pt
"""
import glob, json, os, struct, sys, zlib
import numpy as np, torch

PART = 15 * 2 ** 20 + 2 ** 18


def pack(state, meta):
    """state: name -> tensor; meta: JSON-able -> bytes."""
    head, bf, fp = [], [], []
    for n, t in state.items():
        wide = t.dim() < 2 or "gate.weight" in n           # small and touchy: float32
        head.append([n, list(t.shape), "F32" if wide else "BF16"])
        t = t.detach().cpu()
        (fp if wide else bf).append(t.float().numpy().ravel() if wide else t.bfloat16().view(torch.int16).numpy().ravel().view(np.uint16))
    u = np.concatenate(bf) if bf else np.zeros(0, np.uint16)
    z = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
    exponent = z.compress((u >> 7 & 0xFF).astype(np.uint8).tobytes()) + z.flush()
    mantissa = (u >> 8 & 0x80 | u & 0x7F).astype(np.uint8).tobytes()
    h = json.dumps(dict(meta=meta, tensors=head)).encode()
    return b"".join([struct.pack("<Q", len(h)), h, struct.pack("<Q", len(exponent)), exponent, mantissa] + [x.tobytes() for x in fp])


def unpack(data):
    """-> state, meta"""
    n, = struct.unpack_from("<Q", data); h = json.loads(data[8:8 + n]); at = 8 + n
    m, = struct.unpack_from("<Q", data, at)
    e = np.frombuffer(zlib.decompress(data[at + 8:at + 8 + m]), np.uint8).astype(np.uint16); at += 8 + m
    s = np.frombuffer(data, np.uint8, len(e), at).astype(np.uint16); at += len(e)
    u = torch.from_numpy(((s & 0x80) << 8 | e << 7 | s & 0x7F).view(np.int16).copy()).view(torch.bfloat16)
    state, b = {}, 0
    for name, shape, kind in h["tensors"]:
        k = int(np.prod(shape))
        if kind == "BF16":
            state[name] = u[b:b + k].view(shape).float(); b += k
        else:
            state[name] = torch.from_numpy(np.frombuffer(data, np.float32, k, at).copy()).view(shape); at += 4 * k
    return state, h["meta"]


def write_parts(data, prefix):
    for p in glob.glob(prefix + ".[0-9]*"):
        os.remove(p)
    for i in range(0, len(data), PART):
        with open(f"{prefix}.{i // PART}", "wb") as f:
            f.write(data[i:i + PART])


def load(path):
    """path: a .pt file of {state, meta}, or the prefix of packed parts -> state (float32), meta"""
    if path.endswith(".pt"):
        c = torch.load(path, map_location="cpu")
        return {k: v.float() for k, v in c["state"].items()}, c["meta"]
    parts = sorted(glob.glob(path + ".[0-9]*"), key=lambda p: int(p.rsplit(".", 1)[1]))
    assert parts, f"no checkpoint at {path}"
    return unpack(b"".join(open(p, "rb").read() for p in parts))


def load_model(path, device="cpu"):
    from model import Config, Model
    state, meta = load(path)
    m = Model(Config(**meta["config"])); m.load_state_dict(state)
    return m.to(device).eval(), meta


if __name__ == "__main__":
    assert sys.argv[1] == "unpack"
    state, meta = load(sys.argv[2]); torch.save(dict(state=state, meta=meta), sys.argv[3]); print(meta)
