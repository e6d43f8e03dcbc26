"""Questions made from plain sentences: a span is taken out and asked for, in both languages.

Chinese keeps the question word where the answer stood, so a clause with its span replaced is close to a human question;
English moves it to the front. Spans: numbers and dates, names, quoted titles, what follows a preposition or copula, and
spans that recur in another sentence of the passage (then the question comes from the one, the answer from the other).
"""
import numpy as np
from dataset import LATIN, HAN, DIGIT
from tokenizer import BLANK

ZH_AFTER = {"是": ["什么"], "为": ["什么"], "叫": ["什么"], "称": ["什么"], "在": ["哪里", "什么地方", "哪儿"], "于": ["哪里", "什么时候", "什么"],
            "由": ["谁", "什么"], "被": ["谁", "什么"], "从": ["哪里", "什么"], "到": ["哪里", "什么"], "因": ["什么原因", "什么"], "以": ["什么"],
            "与": ["谁", "什么"], "向": ["谁", "什么"], "有": ["什么", "哪些"], "使": ["什么"], "将": ["什么"], "把": ["什么"], "对": ["谁", "什么"],
            "括": ["哪些", "什么"], "的": ["什么", "哪个"], "令": ["谁"], "任": ["什么"], "用": ["什么"]}
ZH_BEFORE = "说曰率派任命奏攻杀立使请问答封即回"                 # a short clause head before these is often a person
EN_AFTER = {" in": ["Where", "When", "In what", "What"], " at": ["Where", "At what"], " by": ["Who", "By what", "How"], " because": ["Why"],
            " is": ["What"], " was": ["What", "Who"], " are": ["What"], " were": ["What"], " of": ["What", "Of what"], " to": ["What", "Where", "To what"],
            " for": ["What", "For what"], " with": ["What", "With whom"], " from": ["Where", "What"], " called": ["What"], " named": ["What", "Who"],
            " as": ["What", "As what"], " on": ["On what", "When", "What"], " during": ["When"], " between": ["When"], " include": ["What"],
            " the": ["What", "Which"], " a": ["What"], " an": ["What"], " than": ["What"], " about": ["What"], " after": ["When", "What"]}
WORDS = {"zh": {"year": ["哪一年", "什么时候", "哪年", "何时"], "number": ["多少", "几"], "title": ["什么", "哪部作品", "哪一个"], "who": ["谁", "哪位"],
                "name": ["什么", "谁", "哪个"], "": ["什么", "哪个"]},
         "en": {"year": ["When", "In what year", "What year"], "number": ["How many", "How much", "What"], "title": ["What", "Which"],
                "who": ["Who"], "name": ["Who", "What", "Which"], "": ["What", "Which"]}}

FUNCTION = " the a an of to in on at by for with from and or but nor that which who whom whose what when where while is are was were be been being has have had do does did" \
    " will would can could may might must shall should not no as than then so if it its they them their he his him she her we our you your this these those there also only" \
    " into over under between during after before about because through such both either each any some all more most very however although though since until".split()
PARTICLES = "的了和与及或在是有不也就都而且但并又则被把将对为以于由从到向着过吗呢吧啊这那其此该可能会要应所地得之等"


class Cloze:
    def __init__(self, data, encode, rng):
        f = self.facts = data.facts
        self.rng = rng
        self.enc = {w: encode(w) for l in WORDS.values() for v in l.values() for w in v}
        for table in (ZH_AFTER, EN_AFTER):
            for v in table.values():
                self.enc.update({w: encode(w) for w in v})
        for w in list(self.enc):
            if w[0].isupper():
                self.enc[" " + w[0].lower() + w[1:]] = encode(" " + w[0].lower() + w[1:])
        one = lambda s: int(encode(s)[0]) if len(encode(s)) == 1 else -1
        self.after = {one(k): v for t in (ZH_AFTER, EN_AFTER) for k, v in t.items()}
        self.before = {one(c) for c in ZH_BEFORE}
        self.date = {one(c) for c in "年月日"}
        self.comma = {one(c) for c in ",."}
        ids = {b: i for i, b in enumerate(data.tok.bytes)}
        self.spaced = np.array([ids.get(b" " + b, i) for i, b in enumerate(data.tok.bytes)], np.uint16)
        self.open = {one(a): one(b) for a, b in (("《", "》"), ("“", "”"), ("「", "」"), (" \"", "\""))}
        self.function = np.zeros(len(data.tok), bool)
        for w in FUNCTION:
            for v in (w, " " + w, w.capitalize(), " " + w.capitalize()):
                if one(v) >= 0:
                    self.function[one(v)] = True
        for c in PARTICLES:
            if one(c) >= 0:
                self.function[one(c)] = True
        self.of = one(" of")
        self.article = {one(" the"), one(" a"), one(" an")}
        self.mark = {"en": encode("?"), "zh": encode("？")}
        self.after.pop(-1, None)

    # word borders, as arrays over a passage: start[i] a word may begin at i, end[j] a word may end before j
    def borders(self, x):
        f = self.facts; k = f.kind[x]
        inner = (k == LATIN) & ~f.space[x]
        prev = np.concatenate([[0], k[:-1]])
        start = (k == HAN) | (k == DIGIT) | ((k == LATIN) & (f.space[x] | (prev != LATIN)))
        end = np.ones(len(x) + 1, bool)
        end[1:-1] = ~(inner[1:] & (k[:-1] == LATIN))
        return k, start, end

    def sentences(self, x, least=6):
        cut = (np.flatnonzero(self.facts.stop[x]) + 1).tolist()
        edge = [0] + cut + ([len(x)] if not cut or cut[-1] != len(x) else [])
        return [(a, b) for a, b in zip(edge, edge[1:]) if b - a >= least]

    def spans(self, x, a, b, k, start, end):
        """Candidate spans of sentence [a, b): (i, j, question words)."""
        f, out, zh = self.facts, [], (k[a:b] == HAN).sum() * 2 > b - a
        words = WORDS["zh" if zh else "en"]
        clause = f.clause[x[a:b]]
        i = a
        while i < b:
            t = int(x[i])
            if k[i] == DIGIT:
                j, year = i, False
                while j < b and (k[j] == DIGIT or int(x[j]) in self.date
                                 or (int(x[j]) in self.comma and j + 1 < b and k[j + 1] == DIGIT)):
                    year |= int(x[j]) in self.date; j += 1
                year |= not zh and j - i == 4 and k[i:j].all()
                out += [(i, j, words["year" if year else "number"])] * 3
                i = j
                continue
            if t in self.open:
                c = np.flatnonzero(x[i:b] == self.open[t])
                if len(c) and 1 < c[0] <= 20:
                    out += [(i + 1, i + int(c[0]), words["title"])] * 3
            if not zh and k[i] == LATIN and f.cap[t] and start[i] and i > a:
                j = i + 1
                while j < b and k[j] == LATIN and (not f.space[x[j]] or f.cap[x[j]]):
                    j += 1
                if end[j]:
                    out += [(i, j, words["name"])] * 2
                    i = j
                    continue
            if zh and k[i] == LATIN:
                j = i + 1
                while j < b and k[j] == LATIN:
                    j += 1
                out.append((i, j, words["name"])); i = j
                continue
            if t in self.after and i + 1 < b and start[i + 1]:
                c = np.flatnonzero(clause[i + 1 - a:])
                j = i + 1 + (int(c[0]) if len(c) else b - i - 1)
                if not zh and self.rng.random() < .85:       # the noun phrase that follows, now and then with its "of ..."
                    top = j; j = i + 1; more = self.rng.random() < .3
                    while j < top and (not self.function[x[j]] or int(x[j]) in self.article and (j == i + 1 or self.function[x[j - 1]])
                                       or more and int(x[j]) == self.of and j > i + 1):
                        j += 1
                if 1 < j - i <= 17:
                    out.append((i + 1, j, self.after[t]))
            if zh and t in self.before and 2 <= i - a <= 12:
                h = i
                while h > a and k[h - 1] == HAN and i - h < 4:
                    h -= 1
                if 2 <= i - h <= 4 and (h == a or clause[h - 1 - a]):
                    out += [(h, i, words["who"])] * 2
            i += 1
        for _ in range(1 if len(out) < 3 else 0):        # anything else, so that no kind of answer is unknown
            i = int(self.rng.integers(a, b)); j = min(b, i + int(self.rng.integers(1, 8)))
            while j < b and not end[j]:
                j += 1
            if start[i] and k[i:j].all():
                out.append((i, j, words[""]))
        ok = lambda i, j: 0 < j - i <= 18 and b - a - (j - i) >= 5 and end[j] and not self.function[x[j - 1]] \
            and (not self.function[x[i]] or int(x[i]) in self.article and j - i > 1)
        return [(i, j, w) for i, j, w in out if ok(i, j)]

    def question(self, x, a, b, i, j, words):
        """The sentence [a, b) without its span [i, j), asked."""
        r, f = self.rng, self.facts
        zh = (f.kind[x[a:b]] == HAN).sum() * 2 > b - a
        lo, hi = a, b
        if r.random() < .5:                              # only the clauses near the span
            c = np.flatnonzero(f.clause[x[a:b]]) + a
            left, right = c[c < i], c[c >= j]
            n = int(r.integers(1, 3))
            lo = int(left[-n]) + 1 if len(left) >= n else a
            hi = int(right[n - 1]) if len(right) >= n else b
            if i - lo + hi - j < 6:
                lo, hi = a, b
        left, right = x[lo:i][-60:], x[j:hi][:60]
        drop = r.random() * .5 if r.random() < .4 else 0
        if drop and len(left) + len(right) > 9:
            left, right = left[r.random(len(left)) >= drop], right[r.random(len(right)) >= drop]
        while len(right) and f.clause[right[-1]]:
            right = right[:-1]
        if not zh and len(left):
            left = np.concatenate([self.spaced[left[:1]], left[1:]])
        u = r.random(); w = words[int(r.integers(len(words)))]
        if u < .12:
            return np.concatenate([left, [BLANK], right])
        if zh:
            w = self.enc[w]
            body = [left, w, right] if u < .9 else [left, right, w]
        elif u < .75:
            body = [self.enc[w], left, right]
        else:
            body = [left, self.enc.get(" " + w[0].lower() + w[1:], self.enc[w]), right]
        return np.concatenate(body + ([self.mark["zh" if zh else "en"]] if r.random() < .85 else []))

    def recurring(self, x, sents, k, start, end):
        """A span that stands in two sentences: (sentence of the question, place there, place of the answer, length)."""
        r, f = self.rng, self.facts
        bad = np.concatenate([[0], np.cumsum(k == 0)])
        sent = np.zeros(len(x), np.int32)
        for n, (a, b) in enumerate(sents):
            sent[a:b] = n + 1
        for n in r.permutation([1, 2, 2, 3, 3, 4, 5, 6])[:4]:
            n = int(n)
            i = np.arange(len(x) - n)
            rare = f.cap[x[i]] | (k[i] == DIGIT) | (x[i] > 2600)
            ok = start[i] & end[i + n] & (bad[i + n] == bad[i]) & (sent[i] > 0) & (sent[i] == sent[i + n - 1])
            ok &= rare if n <= 2 else True
            i = i[ok]
            if len(i) < 2:
                continue
            h = np.zeros(len(i), np.int64)
            for m in range(n):
                h = h * 1000003 + x[i + m]
            o = np.argsort(h, kind="stable"); same = np.flatnonzero((h[o][1:] == h[o][:-1]) & (sent[i[o][1:]] != sent[i[o][:-1]]))
            if not len(same):
                continue
            s = int(same[int(r.integers(len(same)))])
            p, q = int(i[o[s]]), int(i[o[s + 1]])
            while p + n < len(x) and q + n < len(x) and x[p + n] == x[q + n] and k[p + n] and n < 12 \
                    and sent[p + n] == sent[p] and sent[q + n] == sent[q]:
                n += 1
            if not (end[p + n] and end[q + n]) or abs(p - q) < n:
                continue
            if r.random() < .5:
                p, q = q, p
            return int(sent[p]) - 1, p, q, n
        return None

    def turns(self, x, most=3):
        """-> (passage, [(question, start, end)]): the passage may lose the sentence a recurring span's question uses."""
        r = self.rng; out = []
        k, start, end = self.borders(x)
        sents = self.sentences(x)
        if not sents:
            return x, out
        rec = self.recurring(x, sents, k, start, end) if len(sents) > 1 and r.random() < .6 else None
        if rec:
            s, p, q, n = rec; a, b = sents[s]
            words = WORDS["zh" if k[p] == HAN else "en"]["name" if k[p] != DIGIT else "number"]
            out.append((self.question(x, a, b, p, p + n, words), q - (b - a if q >= b else 0), n))
            x = np.concatenate([x[:a], x[b:]])
            out[0] = (out[0][0], out[0][1], out[0][1] + n)
            k, start, end = self.borders(x)
            sents = self.sentences(x)
        for _ in range(int(r.integers(1, most + 1))):
            if not sents:
                break
            a, b = sents[int(r.integers(len(sents)))]
            c = self.spans(x, a, b, k, start, end)
            if c:
                i, j, w = c[int(r.integers(len(c)))]
                out.append((self.question(x, a, b, i, j, w), i, j))
        return x, [t for t in out if 4 <= len(t[0]) <= 130]
