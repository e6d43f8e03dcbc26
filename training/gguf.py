"""A writer of GGUF version 3 files (little endian, tensor data aligned to 32 bytes), and a reader for checks."""
import struct
import numpy as np
import quant

U32, I32, F32, BOOL, STRING, STRINGS, I32S = 4, 5, 6, 7, 8, "strings", "i32s"
TYPE = {0: 0, 4: 2, 8: 8}                                  # bits -> ggml type: F32, Q4_0, Q8_0
ALIGN = 32


def _string(s):
    b = s.encode()
    return struct.pack("<Q", len(b)) + b


def _value(kind, v):
    if kind == STRINGS:
        return struct.pack("<IIQ", 9, 8, len(v)) + b"".join(map(_string, v))
    if kind == I32S:
        return struct.pack("<IIQ", 9, 5, len(v)) + struct.pack(f"<{len(v)}i", *v)
    if kind == STRING:
        return struct.pack("<I", 8) + _string(v)
    return struct.pack("<I" + {U32: "I", I32: "i", F32: "f", BOOL: "?"}[kind], kind, v)


def write(path, keys, tensors):
    """tensors: (name, float array [.., out, in], bits 0 / 4 / 8)"""
    info, data, at = b"", [], 0
    tensors = list(tensors)
    for name, x, bits in tensors:
        b = quant.encode_q4_0(x) if bits == 4 else quant.encode_q8_0(x) if bits == 8 else np.ascontiguousarray(x, np.float32).tobytes()
        info += _string(name) + struct.pack("<I", x.ndim) + struct.pack(f"<{x.ndim}Q", *x.shape[::-1]) + struct.pack("<IQ", TYPE[bits], at)
        data.append(b + b"\0" * (-len(b) % ALIGN)); at += len(data[-1])
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(_string(k) + _value(t, v) for k, t, v in keys) + info
    with open(path, "wb") as f:
        f.write(head + b"\0" * (-len(head) % ALIGN))
        for b in data:
            f.write(b)


def read(path):
    """-> keys {name: value}, tensors {name: float array [.., out, in]}"""
    d = open(path, "rb").read(); at = 24
    assert d[:4] == b"GGUF"
    _, nt, nk = struct.unpack_from("<IQQ", d, 4)
    def take(fmt):
        nonlocal at
        v = struct.unpack_from("<" + fmt, d, at); at += struct.calcsize("<" + fmt)
        return v[0] if len(v) == 1 else v
    def string():
        nonlocal at
        n = take("Q"); at += n
        return d[at - n:at].decode()
    def value(t):
        if t == 9:
            inner, n = take("I"), take("Q")
            return [value(inner) for _ in range(n)]
        return string() if t == 8 else take({4: "I", 5: "i", 6: "f", 7: "?"}[t])
    keys = {}
    for _ in range(nk):
        k = string(); keys[k] = value(take("I"))
    rows = []
    for _ in range(nt):
        name = string(); n = take("I"); shape = [take("Q") for _ in range(n)][::-1]
        rows.append((name, shape, take("I"), take("Q")))
    base = at + (-at % ALIGN); out = {}
    for name, shape, kind, off in rows:
        n = int(np.prod(shape)); size = n * 4 if kind == 0 else n // 32 * (18 if kind == 2 else 34)
        raw = d[base + off:base + off + size]
        out[name] = np.frombuffer(raw, np.float32).reshape(shape) if kind == 0 else quant.decode(raw, 4 if kind == 2 else 8, shape)
    return keys, out
