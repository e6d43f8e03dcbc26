"""Self-check of seine-embed's batches: python3 test_embed.py DATA. Every source makes batches, alike or not: a source that
always fails would only be drawn again, and be missing from the run."""
import sys
import numpy as np
import embed_data
from dataset import Dataset


def main():
    embed_data.N, embed_data.LQ, embed_data.LP, embed_data.GROUP = 48, 32, 96, 12
    pairs = embed_data.Pairs(Dataset(sys.argv[1]), sys.argv[1] + "/embed.npz")
    pairs.breaks = np.array([b"\n" in x for x in pairs.d.tok.bytes])
    for name in embed_data.WEAK:
        for alike in (0.0, 1.0):
            embed_data.ALIKE = alike; pairs.seed(3, int(alike))
            source, q, ql, p, pl, want, have = pairs.batch(name)
            assert source == name and (ql > 1).all() and (pl > 1).all() and (want == have[:len(want)]).all()
            assert q.max() < len(pairs.d.tok) and p.max() < len(pairs.d.tok)
        print(name, len(q), "pairs,", len(np.unique(want)), "passages")


if __name__ == "__main__":
    main()
