"""Questions of people over changed facts: an answer, and names and numbers that question and passage share, are replaced
throughout a prompt by others of their kind. The question alone then no longer tells its answer: the passage must be read.
"""
import numpy as np
from dataset import LATIN, HAN, DIGIT

ASKS = {" who", " whom", " whose", " when", " where", " why", " how", " which", " what", "谁", "哪", "几", "少", "何", "时", "地", "为"}
HITS_MAX = 12                                            # of one span in one passage: what stands oftener is a common word


class Substitutes:
    def __init__(self, data, cloze, questions):
        self.d, self.c, self.rng = data, cloze, cloze.rng
        self.spaced = cloze.spaced.astype(np.int64)
        self.bare = np.arange(len(self.spaced))
        at = np.flatnonzero(self.spaced != self.bare); self.bare[self.spaced[at]] = at
        self.asks = {}
        for i, b in enumerate(data.tok.bytes):
            t = b.decode("utf-8", "replace").lower()
            if t in ASKS or " " + t in ASKS:
                self.asks[i] = t.strip()
        self.pools, names = {}, {"en": [], "zh": []}
        for q in questions:                              # answers by kind of question and of answer
            p, s, e = data.span[q]; a = data.text[p][s:e]
            if len(a) > 14:
                continue
            kind = self.kind(a)
            self.pools.setdefault(self.key(data.q[q], a, kind), []).append(int(q))
            if kind == "name":
                names["zh" if data.lang[p] else "en"].append(int(q))
        self.names = {l: np.array(v) for l, v in names.items()}

    def kind(self, a):
        f = self.d.facts; k = f.kind[a]
        if (k == DIGIT).any():
            return "number"
        if k[0] == LATIN:
            return "name" if f.cap[a[0]] else "word"
        return "name" if k[0] == HAN else "other"

    def key(self, q, a, kind):
        return next((self.asks[int(t)] for t in q if int(t) in self.asks), ""), kind, int(self.d.facts.kind[a[0]]), min(len(a), 6) if self.d.facts.kind[a[0]] == HAN else min(len(a), 4)

    def digits(self, a):
        """The same figure with other digits; a year stays one."""
        r = self.rng; b = a.copy(); at = np.flatnonzero(self.d.facts.kind[a] == DIGIT)
        runs = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1)
        for run in runs:
            year = len(run) == 4 and self.value(a[run[0]]) in (1, 2)
            for n, i in enumerate(run):
                v = self.value(a[i])
                if v is None or year and n < 1 + (r.random() < .6):
                    continue
                low = 1 if n == 0 else 0; high = 3 if n == 0 and len(run) == 2 and v < 3 else 10
                b[i] = self.digit[int(r.integers(low, high))]
        return b

    digit = None

    def value(self, t):
        if self.digit is None:
            ids = {b: i for i, b in enumerate(self.d.tok.bytes)}
            self.digit = [ids[str(n).encode()] for n in range(10)]
            self.of_digit = {t: n for n, t in enumerate(self.digit)}
        return self.of_digit.get(int(t))

    def other(self, q, a, lang):
        """Something of a's kind, or None."""
        r, d = self.rng, self.d; kind = self.kind(a)
        if kind == "number" and r.random() < .8:
            return self.digits(a)
        pool = self.pools.get(self.key(q, a, kind), []) if q is not None else self.names[lang] if kind == "name" else []
        if len(pool) < 12:
            pool = self.names[lang] if kind == "name" else []
        if not len(pool):
            return None
        k = int(pool[int(r.integers(len(pool)))]); p, s, e = d.span[k]
        return d.text[p][s:e]

    def same_start(self, x):
        return self.spaced[x]

    def hits(self, x, a):
        """Places where span a stands in x, between word borders."""
        n = len(a); out = []
        if len(x) < n:
            return out
        f = self.d.facts; first = self.same_start(a[:1])[0]
        for i in np.flatnonzero(self.spaced[x[:len(x) - n + 1]] == first):
            j = int(i) + n
            if n > 1 and (x[i + 1:j] != a[1:]).any():
                continue
            k = f.kind
            if i and (k[x[i]] == DIGIT == k[x[i - 1]] or k[x[i]] == LATIN == k[x[i - 1]] and not f.space[x[i]]):
                continue
            if j < len(x) and (k[x[j]] == DIGIT == k[x[j - 1]] or k[x[j]] == LATIN == k[x[j - 1]] and not f.space[x[j]]):
                continue
            out.append((int(i), j))
        return out

    def replace(self, x, rules):
        """-> x with every rule's span replaced, and for each border of x its place there (-1: inside a replaced span)."""
        found = []
        for a, b in rules:
            found += [(i, j, b) for i, j in self.hits(x, a)]
        at = np.arange(len(x) + 1)
        if not found:
            return x, at
        found.sort(key=lambda h: (h[0], h[0] - h[1]))
        parts, done, shift = [], 0, 0
        for i, j, b in found:
            if i < done:
                continue
            b = b.copy()
            b[0] = self.spaced[b[0]] if self.d.facts.space[x[i]] else self.bare[b[0]]
            parts += [x[done:i], b]
            at[done:i + 1] = np.arange(done, i + 1) + shift; at[i + 1:j] = -1
            shift += len(b) - (j - i); done = j
        at[done:] = np.arange(done, len(x) + 1) + shift
        return np.concatenate(parts + [x[done:]]), at

    def shared(self, q, x):
        """Names and numbers of question q that stand in x, too."""
        f = self.d.facts; k, start, end = self.c.borders(q); out = []; i = 0
        while i < len(q):
            j = i + 1
            if k[i] == DIGIT:
                while j < len(q) and k[j] == DIGIT:
                    j += 1
            elif k[i] == LATIN and f.cap[q[i]] and start[i] and not self.c.function[q[i]]:
                while j < len(q) and k[j] == LATIN and (not f.space[q[j]] or f.cap[q[j]]):
                    j += 1
            else:
                i += 1
                continue
            a = q[i:j]
            if j - i <= 8 and int(q[i]) not in self.asks and 0 < len(self.hits(x, a)) <= HITS_MAX:
                out.append(a)
            i = j
        return out

    def apply(self, texts, titles, turns):
        """texts, titles by passage; turns (question, passage or None, start, end of the answer in its text)."""
        r = self.rng; rules = []; whole = {p: np.concatenate([titles[p], x]) for p, x in texts.items()}
        def add(q, a, lang):
            b = self.other(q, a, lang)
            if b is None or len(b) == len(a) and (b == a).all() or any(self.overlap(a, c) for c, _ in rules):
                return
            if any(len(self.hits(x, a)) > HITS_MAX or self.hits(x, b) for x in whole.values()):
                return
            rules.append((a, b))
        lang_of = lambda q: "zh" if (self.d.facts.kind[q] == HAN).sum() * 2 > len(q) else "en"
        for q, p, s, e in turns:
            if p is not None and e - s <= 14 and r.random() < .85:
                add(q, texts[p][s:e], lang_of(q))
        everything = np.concatenate([np.r_[x, 0] for x in whole.values()])
        for q, p, s, e in turns:
            for a in self.shared(q, everything):
                if r.random() < .35:
                    add(None, a, lang_of(q))
        if not rules:
            return texts, titles, turns
        new, places = {}, {}
        for p, x in texts.items():
            new[p], places[p] = self.replace(x, rules)
        out = []
        for q, p, s, e in turns:
            if p is not None:
                s, e = int(places[p][s]), int(places[p][e])
                if s < 0 or e < 0 or e <= s:
                    continue
            out.append((self.replace(q, rules)[0], p, s, e))
        return new, {p: self.replace(t, rules)[0] for p, t in titles.items()}, out

    def overlap(self, a, b):
        short, long = (a, b) if len(a) <= len(b) else (b, a)
        return bool(np.isin(self.spaced[short], self.spaced[long]).all())

    def without(self, x, s, e):
        """x without the sentences that hold the span, or None."""
        a = x[s:e]; edge = np.r_[0, np.flatnonzero(self.d.facts.stop[x]) + 1, len(x)]
        hits = self.hits(x, a) + [(s, e)]
        keep = [x[i:j] for i, j in zip(edge, edge[1:]) if not any(h < j and i < g for h, g in hits)]
        return np.concatenate(keep) if keep else None

    def ask_other(self, q, x):
        """q of another name or number than stands in x, or None."""
        names = self.shared(q, x)
        if not names:
            return None
        a = names[int(self.rng.integers(len(names)))]
        b = self.other(None, a, "zh" if (self.d.facts.kind[q] == HAN).sum() * 2 > len(q) else "en")
        if b is None or self.hits(x, b) or len(b) == len(a) and (b == a).all():
            return None
        return self.replace(q, [(a, b)])[0]
