"""Training samples, made on the fly: text, copying, clozes, questions of people, across the two languages.

A sample is (ids, classes): a class for each token as a target: 0 no loss, 1 language-model loss, 2 answer loss.
Form: <|q|> question <|p|> [3] title: text [1] title: text <|q|> question <|a|> span [3] <|end|> (<|q|> .. <|a|> ..)*
where the first question may be missing in front, and the answer without evidence is <|none|> <|end|>.

All passages of a prompt are cut by one rule (a window of at most W tokens, W drawn for the prompt), whether they hold
the answer or not: length must not betray the gold passage.
"""
import numpy as np
from cloze import Cloze
from substitute import Substitutes
from tokenizer import DOC, END, QUESTION, PASSAGE, ANSWER, NONE, BLANK, CITE, CITATIONS, SPECIALS

PROMPT_MAX = 1500                                        # tokens of all passages together


class Tasks:
    def __init__(self, data, options=None):
        self.d = data
        self.o = dict(front=.75, missing=.25, lm_passage=.25, lm_question=.4, title=.85, zh_qa=.25, zh_cloze=.55, keywords=.06, lossy=.2,
                      replace=.75, miss=.5)
        self.o.update(options or {})
        self.cloze_maker = Cloze(data, data.tok.encode_plain, None)
        self.train_q = {"en": data.questions("en", "train"), "zh": data.questions("zh", "train", [1, 2]), "kd": data.questions("zh", "train", [3])}
        self.train_p = {l: data.passages(l, "train") for l in ("en", "zh")}
        self.substitutes = Substitutes(data, self.cloze_maker, np.concatenate(list(self.train_q.values())))
        self.par_at = np.flatnonzero(np.r_[True, data.par_doc[1:] != data.par_doc[:-1]])
        self.seed(0)

    def seed(self, *key):
        self.r = np.random.default_rng(key)
        self.cloze_maker.rng = self.substitutes.rng = self.r

    # ---- passages ------------------------------------------------------------------------------------------------
    def limit(self, n):
        """W for n passages."""
        w = int(np.exp(self.r.uniform(np.log(90), np.log(700))))
        return min(w, PROMPT_MAX // n)

    def window(self, length, w, lo=None, hi=None):
        """A window of at most w tokens, uniform among those that hold [lo, hi) (if given)."""
        if length <= w:
            return 0, length
        a, b = (0, length - w) if lo is None else (max(0, hi - w), min(lo, length - w))
        if b < a:
            a = b = max(0, min(lo, length - w))
        s = int(self.r.integers(a, b + 1))
        return s, s + w

    def assemble(self, segments, turns, lm_passage, lm_question):
        """segments: [(key, tokens)], any order; turns: [(question, tokens or None, key)]."""
        r = self.r
        order = r.permutation(len(segments)); ids = r.permutation(CITATIONS)[:len(segments)]
        cite = {segments[o][0]: CITE + int(i) for o, i in zip(order, ids)}
        toks, cls = [], []
        def put(x, c):
            toks.append(np.asarray(x, np.uint16)); cls.append(np.full(len(x), c, np.uint8))
        front = r.random() < self.o["front"]
        if front:
            put([QUESTION], 0); put(turns[0][0], 0)
        put([PASSAGE], 0)
        for o, i in zip(order, ids):
            put([CITE + int(i)], 0); put(segments[o][1], 1 if lm_passage else 0)
        for n, (q, a, key) in enumerate(turns):
            put([QUESTION], 0); put(q, 1 if lm_question and not (front and n == 0) else 0); put([ANSWER], 0)
            if a is None:
                put([NONE, END], 2)
            else:
                put(a, 2); put([cite[key], END], 2)
        return np.concatenate(toks), np.concatenate(cls)

    # ---- questions of people ---------------------------------------------------------------------------------------
    def pick_question(self, lang):
        pool = self.train_q["kd" if lang == "zh" and self.r.random() < .25 else lang]
        return int(pool[int(self.r.integers(len(pool)))])

    def vary(self, q):
        """A question asked again and again comes in other forms: without its function words, as one types into a search
        box, or with a few tokens lost. An answer then rests on the passage, not on the question known by heart."""
        r, u = self.r, self.r.random()
        if u < self.o["keywords"]:
            x = q[~self.cloze_maker.function[q] & ~self.d.facts.clause[q]]
            return x if len(x) > 2 else q
        if u < self.o["keywords"] + self.o["lossy"]:
            x = q[r.random(len(q)) > r.uniform(0, .25)]
            return x if len(x) > 3 else q
        return q

    def qa(self, lang):
        r, d = self.r, self.d
        q = self.pick_question(lang); gold = int(d.span[q, 0])
        missing = r.random() < self.o["missing"]
        nd = int(r.choice(6, p=[.2, .12, .16, .18, .2, .14]))
        nd = max(nd, 1) if missing else nd
        if missing and r.random() < self.o["miss"]:
            return self.near_miss(lang, q, gold)
        near = [int(x) for x in d.neg[q] if x >= 0]; r.shuffle(near)
        own = [gold] if not missing else []
        for _ in range(nd):
            own.append(near.pop() if near and r.random() < .75 else int(r.choice(self.train_p[lang if r.random() < .93 else ("zh" if lang == "en" else "en")])))
        own = [p for p in dict.fromkeys(own) if p != gold or not missing]
        if not own:                                      # every random draw was the gold passage
            return None
        w, title = self.limit(len(own)), r.random() < self.o["title"]
        w = max(w, int(d.span[q, 2] - d.span[q, 1]))     # an answer is never cut
        texts, place = {}, {}
        for p in own:
            x = d.text[p]
            a, b = self.window(len(x), w, *(d.span[q, 1:] if p == gold else ()))
            place[p] = (a, b); texts[p] = x[a:b]
        def turn(k, p):                                  # question, passage, place of the answer in its window
            return d.q[k], p, *((int(d.span[k, i]) - place[p][0] for i in (1, 2)) if p is not None else (0, 0))
        turns = [turn(q, None if missing else gold)]
        more = [(int(k), p) for p, (a, b) in place.items() for k in d.of[p] if k != q and d.span[k, 1] >= a and d.span[k, 2] <= b]
        r.shuffle(more)
        turns += [turn(k, p) for k, p in more[:int(r.choice(4, p=[.35, .3, .2, .15]))]]
        if r.random() < .25:                             # asked of passages that are not here, near in topic if possible
            pool = [int(k) for p in near[:3] for k in d.of[p]] or [self.pick_question(lang)]
            k = pool[int(r.integers(len(pool)))]
            if int(d.span[k, 0]) not in place:
                turns.insert(int(r.integers(len(turns) + 1)), turn(k, None))
        titles = {p: d.title[p] if title else d.title[p][:0] for p in own}
        if r.random() < self.o["replace"]:
            texts, titles, turns = self.substitutes.apply(texts, titles, turns)
        if not turns:
            return None
        segs = [(p, np.concatenate([titles[p], texts[p]])) for p in own]
        turns = [(self.vary(x), texts[p][s:e] if p is not None else None, p) for x, p, s, e in turns]
        return self.assemble(segs, turns, r.random() < self.o["lm_passage"], r.random() < self.o["lm_question"])

    def near_miss(self, lang, q, gold):
        """No answer, though the passage it stood in is there: without the sentences that hold it, or asked of a name or
        number that the passage does not hold."""
        r, d = self.r, self.d
        x, title, ask = d.text[gold], d.title[gold], d.q[q]
        near = [int(n) for n in d.neg[q] if n >= 0]; r.shuffle(near)
        if r.random() < .5:
            x = self.substitutes.without(x, *(int(i) for i in d.span[q, 1:]))
        else:
            ask = self.substitutes.ask_other(ask, np.concatenate([title, x]))
        if ask is None or x is None or len(x) < 30:
            return None
        own = near[:int(r.choice(5, p=[.3, .2, .2, .15, .15]))]; w = self.limit(len(own) + 1)
        cut = lambda y: y[slice(*self.window(len(y), w))]
        with_title = r.random() < self.o["title"]
        texts = {p: cut(d.text[p]) for p in own}; texts[gold] = cut(x)
        titles = {p: d.title[p] if with_title else d.title[p][:0] for p in texts}
        turns = [(ask, None, 0, 0)]
        if r.random() < self.o["replace"]:
            texts, titles, turns = self.substitutes.apply(texts, titles, turns)
        segs = [(p, np.concatenate([titles[p], y])) for p, y in texts.items()]
        return self.assemble(segs, [(self.vary(turns[0][0]), None, None)], r.random() < self.o["lm_passage"], False)

    # ---- clozes ------------------------------------------------------------------------------------------------------
    def chunk(self, lang, n, near=None):
        """About n tokens of one document, from a sentence start if one is near -> tokens, the shard, the place.
        near: (shard, first place, last place)"""
        lm, low, high = near or (self.d.lm[lang][int(self.r.integers(len(self.d.lm[lang])))], 0, 1 << 60)
        for _ in range(10):
            at = int(self.r.integers(low, min(high, len(lm) - 2 * n - 2)))
            x = np.array(lm[at:at + 2 * n])
            cut = np.flatnonzero(x == DOC)
            if len(cut):
                x = x[cut[0] + 1:] if cut[0] < n else x[:cut[0]]
                cut = np.flatnonzero(x == DOC)
                x = x[:cut[0]] if len(cut) else x
            if len(x) > n:
                e = np.flatnonzero(self.d.facts.stop[x[:len(x) - n]])
                x = (x[e[0] + 1:] if len(e) else x)[:n]
            if len(x) >= min(n, 60):
                break
        return x, lm, at

    def cloze(self, lang):
        r, d = self.r, self.d
        nd = int(r.choice(6, p=[.3, .18, .18, .14, .12, .08]))
        missing = r.random() < self.o["missing"] * .6
        nd = max(nd, 1) if missing else nd
        w = self.limit(nd + 1)
        size = lambda: max(50, int(w * r.uniform(.55, 1)))
        def text(p):
            a, b = self.window(len(d.text[p]), size())
            return np.array(d.text[p][a:b])
        others = []
        if r.random() < .4:                              # passages of the QA sets, distractors BM25-near
            p = int(r.choice(self.train_p[lang])); gold = text(p)
            qs = d.of[p]
            near = [int(n) for n in d.neg[int(r.choice(qs))] if n >= 0] if len(qs) else []
            r.shuffle(near)
            others = [text(near.pop() if near and r.random() < .75 else int(r.choice(self.train_p[lang]))) for _ in range(nd)]
        else:
            gold, lm, at = self.chunk(lang, size())
            for n in range(nd):
                if r.random() < .6:                      # what follows in the same document or nearby
                    s = at + 1500 + 900 * n
                    y = np.array(lm[s:s + size()]); y = y[y != DOC]
                else:
                    y = self.chunk(lang, size())[0]
                if len(y) > 20:
                    others.append(y)
        if len(gold) < 40 or (missing and not others):
            return None
        x, turns = self.cloze_maker.turns(gold)
        if not turns:
            return None
        turns = [(q, None if missing else x[i:j], 0) for q, i, j in turns]
        if others and r.random() < .35:                  # a question of another passage of the prompt
            k = int(r.integers(len(others)))
            y, t = self.cloze_maker.turns(others[k], 1)
            if t:
                others[k] = y; turns.append((t[0][0], y[t[0][1]:t[0][2]], k + 1)); r.shuffle(turns)
        segs = ([] if missing else [(0, x)]) + [(k + 1, y) for k, y in enumerate(others)]
        return self.assemble(segs, turns, r.random() < .7, False)

    # ---- copying ------------------------------------------------------------------------------------------------------
    def copy(self, lang):
        r = self.r; V = len(self.d.tok)
        if r.random() < .5:                              # key-value recall over random tokens
            n, m, k = int(r.integers(4, 33)), int(r.integers(1, 5)), int(r.integers(1, 5))
            keys, vals = r.integers(SPECIALS, V, (n, 2)), r.integers(SPECIALS, V, (n, m))
            which = np.sort(r.integers(0, k, n))
            segs = [(s, np.concatenate([np.concatenate([keys[i], [BLANK], vals[i]]) for i in np.flatnonzero(which == s)] or [[DOC]])) for s in range(k)]
            turns = [(keys[i], vals[i], int(which[i])) for i in r.permutation(n)[:6]]
            return self.assemble(segs, turns, False, False)
        w = int(r.integers(50, 150))
        segs = [(s, self.chunk(lang, w)[0]) for s in range(int(r.integers(2, 6)))]
        turns = []
        for _ in range(4):                               # go on from a quoted piece
            s, y = segs[int(r.integers(len(segs)))]
            if len(y) < 40:
                continue
            a, n, m = int(r.integers(0, len(y) - 24)), int(r.integers(3, 13)), int(r.integers(1, 9))
            turns.append((y[a:a + n], y[a + n:a + n + m], s))
        return self.assemble(segs, turns, False, False) if turns else None

    # ---- across the languages -------------------------------------------------------------------------------------------
    def cross(self, _):
        """Neighbouring aligned segments: a cloze of a segment in one language over the passage in the other, for a term
        or number both share."""
        r, d = self.r, self.d
        src, dst = ("zh", "en") if r.random() < .5 else ("en", "zh")
        at = int(r.integers(0, len(d.par_doc) - 12)); n = int(r.integers(3, 9))
        doc = d.par_doc[at]
        rows = [i for i in range(at, at + n) if d.par_doc[i] == doc]
        passage = np.concatenate([d.par[dst][i] for i in rows])[:500]
        turns = []
        kind = d.facts.kind
        for i in r.permutation(rows)[:3]:
            x = d.par[src][int(i)]
            k, start, end = self.cloze_maker.borders(x)
            rare = np.flatnonzero(np.isin(x, d.par[dst][int(i)]) & (((kind[x] == 1) & (x > 1500)) | ((kind[x] == 3) & (np.r_[0, kind[x][:-1]] != 3))) & start)
            if not len(rare) or len(x) > 120:
                continue
            a = b = int(r.choice(rare))
            while b < len(x) and kind[x[b]] == kind[x[a]] and (b == a or kind[x[a]] == 3 or not start[b]):
                b += 1
            span = x[a:b]
            hit = [s for s in range(len(passage) - len(span) + 1) if passage[s] == span[0] and (passage[s:s + len(span)] == span).all()]
            if hit:
                words = ["什么", "哪个"] if src == "zh" else ["What", "Which"]
                turns.append((self.cloze_maker.question(x, 0, len(x), a, b, words), span, 0))
        if not turns:
            return None
        segs = [(0, passage)]
        for s in range(int(r.integers(0, 4))):
            j = int(r.integers(0, len(d.par_doc) - 12))
            if abs(j - at) > 12:
                segs.append((s + 1, np.concatenate([d.par[dst][i] for i in range(j, j + n)])[:500]))
        return self.assemble(segs, turns, r.random() < .3, False)

    # ---- one sample, one text row ------------------------------------------------------------------------------------------
    def sample(self, mix):
        """mix: weights of (copy, cloze, qa, cross)."""
        r = self.r; p = np.cumsum(mix) / sum(mix)
        while True:
            t = int(np.searchsorted(p, r.random(), "right"))
            zh = r.random() < (self.o["zh_qa"] if t == 2 else self.o["zh_cloze"])
            x = (self.copy, self.cloze, self.qa, self.cross)[t]("zh" if zh else "en")
            if x is not None and len(x[0]) > 8:
                return x

    def text(self, n):
        """A row of n + 1 tokens of running text and the sample number of each target: documents apart, at most 1,024
        tokens of context."""
        r, d = self.r, self.d
        if r.random() < .05:                             # aligned segments, either order
            at, a, b = int(r.integers(0, len(d.par_doc) - 400)), *(("en", "zh") if r.random() < .5 else ("zh", "en"))
            ids, doc = [], []
            for k in range(400):
                x = np.concatenate([d.par[a][at + k], [BLANK], d.par[b][at + k], [DOC]])
                ids.append(x); doc.append(np.full(len(x), k // 6))
                if sum(map(len, ids)) > n:
                    break
            ids, doc = np.concatenate(ids), np.concatenate(doc)
            if len(ids) > n:
                return ids[:n + 1], doc[:n]
        lang = "zh" if r.random() < .5 else "en"
        lm = d.lm[lang][int(r.integers(len(d.lm[lang])))]
        at = int(r.integers(0, len(lm) - n - 1))
        ids = np.array(lm[at:at + n + 1])
        new = np.r_[False, ids[:n - 1] == DOC]; new[::1024] = True
        return ids, np.cumsum(new)
