"""Self-checks of the samples: python3 test_tasks.py DATA [SAMPLES]. Every sample is well formed, whatever the draw: ids in
range, each answer a literal span of the cited passage, and the gold passage no longer on average than the others."""
import sys
import numpy as np
import batches
from dataset import Dataset
from tasks import Tasks
from tokenizer import ANSWER, CITE, CITATIONS, END, NONE, PASSAGE, QUESTION


def check(x, cls, V):
    assert len(x) == len(cls) and x.max() < V
    p = int(np.flatnonzero(x == PASSAGE)[0]); q = [int(i) for i in np.flatnonzero(x == QUESTION) if i > p]
    body = x[p + 1:q[0]]; edge = np.flatnonzero((body >= CITE) & (body < CITE + CITATIONS))
    segs = {int(body[a]): body[a + 1:b].tobytes() for a, b in zip(edge, np.r_[edge[1:], len(body)])}
    cited = []
    for a in np.flatnonzero(x == ANSWER):
        e = int(a) + 1 + int(np.flatnonzero(x[a + 1:] == END)[0]); ans = x[a + 1:e]
        assert len(ans) and (cls[a + 1:e + 1] == 2).all()
        if ans[0] != NONE:
            assert int(ans[-1]) in segs and len(ans) > 1 and ans[:-1].tobytes() in segs[int(ans[-1])]
            cited.append(int(ans[-1]))
    return segs, cited


def check_substitutes(t, n):
    """A replaced answer is literal in its passage, mostly another one, and gone from where the sentences that held it go."""
    d, s, changed, tried = t.d, t.substitutes, 0, 0
    for i in range(n):
        t.seed(8, i); q = t.pick_question("zh" if i % 4 == 0 else "en"); p, a, b = (int(v) for v in d.span[q])
        x, old = d.text[p], d.text[p][a:b]
        texts, _, turns = s.apply({p: x}, {p: d.title[p]}, [(d.q[q], p, a, b)])
        y, (ask, _, c, e) = texts[p], turns[0] if turns else (None, None, 0, 0)
        if ask is not None:
            tried += 1; changed += y[c:e].tobytes() != old.tobytes()
            assert e > c and len(ask) and y.max() < len(d.tok)
        rest = s.without(x, a, b)
        assert rest is None or not s.hits(rest, old) and len(rest) < len(x)
    assert changed > tried * .5 and tried > n * .9, (changed, tried, n)
    print(f"substitutes: {changed} of {tried} answers changed")


def main():
    t = Tasks(Dataset(sys.argv[1])); n = int(sys.argv[2]) if len(sys.argv) > 2 else 3000; V = len(t.d.tok)
    for name, f in (("qa", t.qa), ("cloze", t.cloze), ("copy", t.copy), ("cross", t.cross)):
        gold, rest, none = [], [], 0
        for i in range(n):
            t.seed(7, i); s = f("zh" if i % 2 else "en")
            if s is None:
                none += 1
                continue
            segs, cited = check(*s, V)
            if name == "qa" and len(segs) > 1 and cited:
                gold.append(len(segs[cited[0]])); rest += [len(v) for k, v in segs.items() if k != cited[0]]
        print(name, n, "samples,", none, "given up", f"gold {np.mean(gold):.0f} other {np.mean(rest):.0f} bytes" if gold else "")
    check_substitutes(t, min(n, 1000))
    for p in (0.0, 0.3, 0.9):
        a, b = (batches.make(t, 1, 2, p, 4, 1024) for _ in range(2))
        assert all((x == y).all() for x, y in zip(a, b)) and (np.diff(a[2], axis=1) >= 0).all()
    print("batches repeat")


if __name__ == "__main__":
    main()
