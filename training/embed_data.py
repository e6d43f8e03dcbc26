"""Batches of seine-embed: masked text, pairs (query, passage that answers it, now and then a near passage that does not),
and lists (a query, the passage that answers it, near ones that do not), each passage to be read together with its query.

A batch of pairs is of one source, so that the other passages of the batch are of its kind: being from another source must
not tell them apart. Each text carries an id; equal ids within a batch are no negatives of each other. A batch is a function
of (seed, step, progress) and of the text shards that are there.
"""
import numpy as np
from dataset import Dataset, Ragged
from tasks import Tasks
from tokenizer import DOC, NAMES, SPECIALS

QUERY, PASSAGE, MASK = (NAMES.index(n) for n in ("<|query|>", "<|passage|>", "<|mask|>"))
N, LQ, LP = 1536, 64, 192                                # pairs of a batch, tokens of a query, of a passage: one shape, one compilation
MLM = (1536, 192, 56)                                    # rows, tokens, masked tokens of a row
NEAR = {"en_qa": 1, "zh_qa": 1}                          # near passages of a query, by source
SHORT = {"par", "intent"}                                # the other side is as short as a query
# progress from, shares of the sources
WEAK = dict(cloze=26, crop=14, title=14, par=12, cross=12, en_qa=8, zh_qa=4, faq=4, intent=6)
SUPERVISED = dict(cloze=28, crop=9, title=9, par=9, cross=12, en_qa=10, zh_qa=6, faq=6, intent=11)
ALIKE, GROUP = .6, 24                                    # share of batches in groups of near texts, texts of a group
STAGES = [(0.0, WEAK), (0.35, SUPERVISED)]
RANK = (256, 8, 224)                                     # queries of a batch of lists, passages of each, tokens of both together
RANKED = dict(en_qa=42, zh_qa=14, cloze=16, crop=8, faq=6, cross=14)
LISTS = .55                                              # share of lists among the batches of pairs and lists
KEY = 1 << 40                                            # ids of texts that equal nothing else


class Pairs:
    def __init__(self, data, emb):
        self.d, self.t = data, Tasks(data)
        z = np.load(emb); self.z = z
        self.faq_q, self.faq_a, self.intent = (Ragged(z[k], z[k + "_at"]) for k in ("faq_q", "faq_a", "intent"))
        self.faq_train = np.flatnonzero(~z["faq_val"])
        use = ~z["intent_val"] & ~z["intent_oos"]
        self.classes = {}
        for name in np.unique(z["intent_set"]):
            k = np.flatnonzero(use & (z["intent_set"] == name)); c = z["intent_class"][k]
            groups = [k[c == x] for x in np.unique(c)]
            self.classes[name] = [g for g in groups if len(g) > 1]
        self.par_train = np.flatnonzero(data.par_doc % 20 != 0)      # the other documents are for validation
        order = lambda lang: np.array([q for p in self.t.train_p[lang] for q in data.of[p]])
        self.by_article = {l: order(l) for l in ("en", "zh")}
        self.spots = None
        # in equal parts for each class, not each text: 7 classes of SNIPS hold as many texts as 150 of CLINC
        self.all_classes = [g for name, gs in self.classes.items() if name != "snips" for g in gs] + [g for g in self.classes["snips"]]

    def seed(self, *key):
        self.r = np.random.default_rng(key); self.t.r = self.r; self.t.cloze_maker.rng = self.t.substitutes.rng = self.r

    def passage(self, p, limit):
        """A passage as an index holds it: title and text, sometimes the text alone, cut where it is too long."""
        d, r = self.d, self.r; u = r.random()
        x = d.text[p]
        head = d.title[p][:0] if u < .35 else d.title[p] if u < .7 else np.concatenate([d.title[p][:-1], self.newline])
        room = limit - 1 - len(head)
        return np.concatenate([head, x[:room]])

    newline = np.array([SPECIALS + 10], np.uint16)       # the byte

    # every maker: -> (query, id of the query, passage, id of the passage, [near passages], [their ids])
    def qa(self, lang, lim):
        d, r = self.d, self.r; q = self.t.pick_question(lang)
        if self.spots is not None:                       # questions of one article: their passages are hard negatives of each other
            order = self.by_article[lang]; q = int(order[(int(self.spots[self.k // GROUP] * len(order)) + int(r.integers(150))) % len(order)])
        p = int(d.span[q, 0])
        s, e = d.span[q, 1:]
        x = d.text[p]
        if e > lim - 20:                                 # the answer stands late: a window that holds it
            lo = max(0, int(e) - lim + 24); a = int(r.integers(lo, max(lo, min(int(s), len(x) - lim + 24)) + 1))
            text = np.concatenate([d.title[p], x[a:]])[:lim - 1]
        else:
            text = self.passage(p, lim)
        near = [int(n) for n in d.neg[q] if n >= 0]
        n = near[int(r.integers(len(near)))] if near else int(r.choice(self.t.train_p[lang]))
        q_ = d.q[q]; lose = lambda x, most: x[r.random(len(x)) >= r.uniform(0, most)]
        if r.random() < .5:                              # names and figures changed on both sides
            at, _, turns = self.t.substitutes.apply({p: text}, {p: text[:0]}, [(q_, None, 0, 0)])
            text, q_ = at[p], turns[0][0]
        return lose(q_, .3) if len(q_) > 8 else q_, KEY + q, lose(text, .3), p, [lose(self.passage(n, lim), .3)], [n]

    def en_qa(self, lim):
        return self.qa("en", lim)

    def zh_qa(self, lim):
        return self.qa("zh", lim)

    def some_chunk(self, lang, n):
        if self.r.random() < .25:
            p = int(self.r.choice(self.t.train_p[lang])); return np.array(self.d.text[p][:n])
        if self.spots is None:
            return self.t.chunk(lang, n)[0]
        u = self.spots[self.k // GROUP]; lms = self.d.lm[lang]; lm = lms[int(u * 997) % len(lms)]
        at = int(u * (len(lm) - 80000))
        return self.t.chunk(lang, n, (lm, at, at + 70000))[0]

    def cloze(self, lim):
        lang = "zh" if self.r.random() < .6 else "en"
        x, turns = self.t.cloze_maker.turns(self.some_chunk(lang, int(self.r.integers(60, lim))), 1)
        return (self.t.vary(turns[0][0]), None, x, None, [], []) if turns else None

    def crop(self, lim):
        """A sentence and the text that it was taken from, without it nine times in ten."""
        r = self.r; lang = "zh" if r.random() < .5 else "en"
        x = self.some_chunk(lang, int(r.integers(80, lim)))
        s = [(a, b) for a, b in self.t.cloze_maker.sentences(x, 8) if b - a < 60]
        if len(s) < 2:
            return None
        a, b = s[int(r.integers(len(s)))]; q = x[a:b]
        if r.random() < .4:
            q = q[r.random(len(q)) > .3]
        return (q, None, np.concatenate([x[:a], x[b:]]) if r.random() < .9 else x, None, [], []) if len(q) > 4 else None

    def title(self, lim):
        """A line like a heading and what stands below it."""
        r, d = self.r, self.d; lang = "zh" if r.random() < .5 else "en"
        lm = d.lm[lang][int(r.integers(len(d.lm[lang])))]
        at = int(r.integers(0, len(lm) - 4000)); x = np.array(lm[at:at + 3000])
        breaks = np.flatnonzero(self.breaks[x])
        for a, b in zip(breaks, breaks[1:]):
            head = x[a + 1:b]
            if 2 <= len(head) <= 14 and not d.facts.clause[x[b - 1]] and not self.breaks[x[a + 1]]:
                body = x[b + 1:b + 1 + lim]; cut = np.flatnonzero(body == DOC)
                body = body[:cut[0]] if len(cut) else body
                if len(body) > 40 and r.random() < .7:
                    return head, None, body, None, [], []
        return None

    def par(self, lim):
        d, r = self.d, self.r; i = int(r.choice(self.par_train))
        a, b = ("en", "zh") if r.random() < .5 else ("zh", "en")
        return d.par[a][i], i, d.par[b][i], i, [], []

    def cross(self, lim):
        """A cloze question of a segment in one language, for the segments around it in the other."""
        d, r = self.d, self.r
        a, b = ("en", "zh") if r.random() < .4 else ("zh", "en")
        at = min(int(r.choice(self.par_train)), len(d.par_doc) - 6); rows = [i for i in range(at, at + int(r.integers(1, 5))) if d.par_doc[i] == d.par_doc[at]]
        x = d.par[a][int(r.choice(rows))]
        if len(x) < 8:
            return None
        k, start, end = self.t.cloze_maker.borders(x)
        c = self.t.cloze_maker.spans(x, 0, len(x), k, start, end)
        q = self.t.cloze_maker.question(x, 0, len(x), *c[int(r.integers(len(c)))]) if c and r.random() < .8 else x
        return self.t.vary(q), KEY + at // 4, np.concatenate([d.par[b][i] for i in rows]), at // 4, [], []

    def faq(self, lim):
        i = int(self.r.choice(self.faq_train))
        return self.faq_q[i], KEY + i, self.faq_a[i], i, [], []

    def intent_pair(self, lim):
        """Two phrasings of one class, both as queries. Its id is the class."""
        c = int(self.r.integers(len(self.all_classes))); g = self.all_classes[c]
        a, b = self.r.choice(g, 2, replace=False)
        return self.intent[int(a)], c, self.intent[int(b)], c, [], []

    def batch(self, source):
        """-> source, queries [N,Lq], their lengths, passages [N (1 + near), Lp], lengths, ids of queries' passages [N],
        ids of passages [N (1 + near)]"""
        n, lq, lp, near = N, LQ, LQ if source in SHORT else LP, NEAR.get(source, 0)
        make = self.intent_pair if source == "intent" else getattr(self, source)
        q, p = np.zeros((n, lq), np.uint16), np.zeros((n * (1 + near), lp), np.uint16)
        ql, pl = np.zeros(n, np.int32), np.zeros(len(p), np.int32)
        want, have = np.zeros(n, np.int64), np.zeros(len(p), np.int64)
        def put(rows, lengths, k, mark, x):
            x = x[:rows.shape[1] - 1]
            rows[k, 0] = mark; rows[k, 1:1 + len(x)] = x; lengths[k] = 1 + len(x)
        self.spots = self.r.random(n // GROUP + 1) if self.r.random() < ALIKE else None
        for k in range(n):
            s, self.k = None, k
            while s is None:
                s = make(lp)
            a, _, b, bid, more, mids = s
            bid = KEY * 2 + k if bid is None else bid
            put(q, ql, k, QUERY, a); put(p, pl, k, QUERY if source == "intent" else PASSAGE, b)
            want[k] = have[k] = bid
            for j in range(near):
                put(p, pl, n * (1 + j) + k, PASSAGE, more[j]); have[n * (1 + j) + k] = mids[j]
        return source, q, ql, p, pl, want, have

    # ---- lists: -> (query, [passages], the first of them answers it) ------------------------------------------------
    def lose(self, x, most):
        return x[self.r.random(len(x)) >= self.r.uniform(0, most)] if self.r.random() < .6 else x

    def list_qa(self, lang, lim):
        d, r = self.d, self.r; q = self.t.pick_question(lang); p, s, e = (int(i) for i in d.span[q])
        near = [int(n) for n in d.neg[q] if n >= 0]; r.shuffle(near)
        own = [n for n in range(p - 6, p + 7) if 0 <= n < len(d.text) and n != p and d.split[n] == d.split[p] and len(d.title[n]) == len(d.title[p]) and (d.title[n] == d.title[p]).all()]
        r.shuffle(own)
        picks = [p, *list(dict.fromkeys(near[:5] + own[:1]))]
        while len(picks) < RANK[1]:
            n = int(r.choice(self.t.train_p[lang]))
            picks += [n] if n not in picks else []
        texts = {n: self.passage(n, lim) for n in picks[:RANK[1]]}
        if e > lim - 30:                                 # the answer stands late: a window that holds it
            x = d.text[p]; lo = max(0, e - lim + 34); a = int(r.integers(lo, max(lo, s) + 1)); texts[p] = np.concatenate([d.title[p], x[a:]])[:lim - 1]
        ask = d.q[q]
        if r.random() < .4:
            texts, _, turns = self.t.substitutes.apply(texts, {n: texts[n][:0] for n in texts}, [(ask, None, 0, 0)]); ask = turns[0][0]
        return self.t.vary(ask), [self.lose(texts[n], .2) for n in texts]

    def list_en_qa(self, lim):
        return self.list_qa("en", lim)

    def list_zh_qa(self, lim):
        return self.list_qa("zh", lim)

    def around(self, lang, n):
        """A piece of text, and others of the same shard, most of them near."""
        x, lm, at = self.t.chunk(lang, n); r = self.r; out = []
        while len(out) < RANK[1] - 1:
            b = at + int(r.choice((-1, 1))) * int(r.integers(2 * n + 100, 9000)) if r.random() < .8 else int(r.integers(0, len(lm) - n))
            y = np.array(lm[max(0, b):max(0, b) + int(n * r.uniform(.6, 1))]); y = y[y != DOC]
            if len(y) > 30:
                out.append(y)
        return x, out

    def list_cloze(self, lim):
        lang = "zh" if self.r.random() < .5 else "en"
        x, others = self.around(lang, int(self.r.integers(60, lim)))
        x, turns = self.t.cloze_maker.turns(x, 1) if len(x) > 40 else (x, [])
        return (self.t.vary(turns[0][0]), [x, *others]) if turns else None

    def list_crop(self, lim):
        r = self.r; lang = "zh" if r.random() < .5 else "en"
        x, others = self.around(lang, int(r.integers(80, lim)))
        s = [(a, b) for a, b in self.t.cloze_maker.sentences(x, 8) if b - a < 50]
        if len(s) < 2:
            return None
        a, b = s[int(r.integers(len(s)))]; q = x[a:b]; q = q[r.random(len(q)) > .3]
        return (q, [np.concatenate([x[:a], x[b:]]), *others]) if len(q) > 4 else None

    def list_faq(self, lim):
        """Others at steps of five: the Python questions come in five pairs of languages, each of which is right."""
        r, k = self.r, int(self.r.integers(len(self.faq_train))); i = int(self.faq_train[k])
        at = [int(self.faq_train[(k + 5 * int(r.choice((-1, 1))) * int(r.integers(1, 5))) % len(self.faq_train)] if r.random() < .6 else r.choice(self.faq_train)) for _ in range(RANK[1] - 1)]
        same = lambda a, b: len(a) == len(b) and (a == b).all()
        if any(same(self.faq_q[i], self.faq_q[j]) or same(self.faq_a[i], self.faq_a[j]) for j in at):
            return None
        return self.t.vary(self.faq_q[i]), [self.faq_a[i], *(self.faq_a[j] for j in at)]

    def list_cross(self, lim):
        d, r = self.d, self.r; s = self.cross(lim)
        if s is None:
            return None
        q, ask, x = s[0], s[1], s[2]; b = "zh" if (d.facts.kind[x] == 2).mean() > .2 else "en"
        out = []
        while len(out) < RANK[1] - 1:
            at = int(r.choice(self.par_train)) if r.random() < .4 else (ask - KEY) * 4 + int(r.choice((-1, 1))) * int(r.integers(8, 60))
            if 0 <= at < len(d.par_doc) - 6:
                out.append(np.concatenate([d.par[b][i] for i in range(at, at + int(r.integers(1, 5)))]))
        return q, [x, *out]

    def lists(self):
        """-> "rank", ids [Q G, T], lengths, tokens of the query with its mark; the first of each G answers"""
        Q, G, T = RANK; r = self.r; names = list(RANKED); w = np.array([RANKED[k] for k in names], float); w /= w.sum()
        ids = np.zeros((Q * G, T), np.uint16); length, asked = np.zeros(Q * G, np.int32), np.zeros(Q * G, np.int32)
        self.spots = None
        for k in range(Q):
            s = None
            while s is None:
                s = getattr(self, "list_" + names[int(r.choice(len(names), p=w))])(T - 40)
            q = s[0][:LQ - 1]
            for j, x in enumerate(s[1]):
                row = ids[k * G + j]; n = min(len(x), T - len(q) - 2)
                row[0] = QUERY; row[1:1 + len(q)] = q; row[1 + len(q)] = PASSAGE; row[2 + len(q):2 + len(q) + n] = x[:n]
                length[k * G + j] = 2 + len(q) + n; asked[k * G + j] = 1 + len(q)
        return "rank", ids, length, asked

    def masked(self):
        """-> ids [B,T] with masks, places [B,M] of the targets, targets [B,M]"""
        B, T, M = MLM; r, d = self.r, self.d
        ids = np.zeros((B, T), np.uint16)
        for b in range(B):
            lang = "zh" if r.random() < .5 else "en"
            lm = d.lm[lang][int(r.integers(len(d.lm[lang])))]
            at = int(r.integers(0, len(lm) - T)); ids[b] = lm[at:at + T]
        ids[:, 0] = PASSAGE
        place = np.argsort(r.random((B, T - 1)), 1)[:, :M] + 1
        target = np.take_along_axis(ids, place, 1)
        u = r.random(place.shape)
        new = np.where(u < .8, MASK, np.where(u < .9, r.integers(SPECIALS, len(d.tok), place.shape), target)).astype(np.uint16)
        np.put_along_axis(ids, place, new, 1)
        return "mlm", ids, place, target

    def make(self, seed, step, progress, mlm_share):
        self.seed(seed, step)
        self.breaks = getattr(self, "breaks", None)
        if self.breaks is None:
            self.breaks = np.array([b"\n" in x for x in self.d.tok.bytes])
        if progress < mlm_share:
            return self.masked()
        if self.r.random() < LISTS:
            return self.lists()
        p = (progress - mlm_share) / (1 - mlm_share)
        mix = [m for at, m in STAGES if p >= at][-1]
        names = list(mix); w = np.array([mix[k] for k in names], float)
        return self.batch(names[int(self.r.choice(len(names), p=w / w.sum()))])


def source(dir, emb, mlm_share):
    """The source of seine-embed's batches, for batches.Loader."""
    def open_source():
        pairs = Pairs(Dataset(dir), emb)
        return pairs.d, lambda seed, step, progress: pairs.make(seed, step, progress, mlm_share)
    return open_source
