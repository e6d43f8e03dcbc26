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
    embed_data.RANK = (32, 8, 128)
    for name in list(embed_data.RANKED):
        mix, embed_data.RANKED = embed_data.RANKED, {name: 1}
        pairs.seed(4, 1); _, ids, length, asked = pairs.lists(); embed_data.RANKED = mix
        first = ids[::8]
        assert (asked > 1).all() and (length > asked + 1).all() and length.max() <= 128 and ids.max() < len(pairs.d.tok)
        assert all((ids[k, asked[k]] == embed_data.PASSAGE) for k in range(len(ids)))
        for k in range(32):                              # no other passage of a list is the right one again
            assert not any((ids[8 * k + j] == first[k]).all() for j in range(1, 8))
        print("list of", name, "ok")


if __name__ == "__main__":
    main()
