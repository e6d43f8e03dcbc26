"""What prepare.py wrote, unpacked: the corpus as memory-mapped token arrays, the QA sets, facts about each token.

usage: dataset.py unpack BUNDLE DATA     (decompresses the corpus shards of BUNDLE into DATA; may be called again to add)
"""
import glob, json, lzma, os, shutil, sys, unicodedata
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from tokenizer import Tokenizer, SPECIALS

OTHER, LATIN, HAN, DIGIT = 0, 1, 2, 3


class TokenFacts:
    """Per token: kind of its first visible character; whether it ends a sentence or a clause, starts with a capital,
    starts a word."""

    def __init__(self, tok):
        V = len(tok)
        self.kind = np.zeros(V, np.int8)
        self.stop, self.clause, self.cap, self.space = (np.zeros(V, bool) for _ in range(4))
        for i in range(SPECIALS, V):
            t = tok.bytes[i].decode("utf-8", "replace"); s = t.strip()
            self.stop[i] = "\n" in t or s in (".", "。", "！", "？", "!", "?")
            self.clause[i] = self.stop[i] or s in (",", "，", "、", "；", ";", "：", ":", "(", ")", "（", "）", "-", "—")
            if not s:
                continue
            self.space[i] = t[0] == " "
            c = s[0]; k = unicodedata.category(c)[0]
            if "\u3400" <= c <= "\u9fff" or (len(tok.bytes[i]) <= 2 and tok.bytes[i][0] >= 0xC3):
                self.kind[i] = HAN                       # the second case: a piece of a rarer Han character
            elif k == "N":
                self.kind[i] = DIGIT
            elif k == "L":
                self.kind[i] = LATIN; self.cap[i] = c.isupper()


class Ragged:
    def __init__(self, values, at):
        self.values, self.at = values, at

    def __len__(self):
        return len(self.at) - 1

    def __getitem__(self, i):
        return self.values[self.at[i]:self.at[i + 1]]


class Dataset:
    def __init__(self, dir):
        self.dir = dir
        self.tok = Tokenizer(dir)
        self.facts = TokenFacts(self.tok)
        z = np.load(f"{dir}/qa.npz")
        self.text, self.title, self.q = (Ragged(z[k], z[k + "_at"]) for k in ("text", "title", "q"))
        self.lang, self.split, self.src = z["p_lang"], z["p_split"], z["p_src"]
        self.span, self.neg = z["q_span"], z["neg"]       # span rows: passage, first token, end token
        self.val_answers = {int(k): v for k, v in json.loads(z["val_answers"].tobytes()).items()}
        order = np.argsort(self.span[:, 0], kind="stable")
        self.of = Ragged(order, np.searchsorted(self.span[order, 0], np.arange(len(self.text) + 1)))   # questions of a passage
        z = np.load(f"{dir}/par.npz")
        self.par = {k: Ragged(z[k], z[k + "_at"]) for k in ("en", "zh")}
        self.par_doc = z["doc"]
        self.find_text()

    def find_text(self):
        """The text shards that are there; a run may start on some and be sent the others."""
        self.lm = {l: [np.load(p, mmap_mode="r") for p in sorted(glob.glob(f"{self.dir}/lm-{l}-*.npy"))] for l in ("en", "zh")}

    def questions(self, lang, split, src=None):
        p = self.span[:, 0]
        ok = (self.lang[p] == (lang == "zh")) & (self.split[p] == (split == "val"))
        return np.flatnonzero(ok & (np.isin(self.src[p], src) if src is not None else True))

    def passages(self, lang, split):
        return np.flatnonzero((self.lang == (lang == "zh")) & (self.split == (split == "val")))


def unpack(bundle, out):
    os.makedirs(out, exist_ok=True)
    def one(p):
        name = os.path.basename(p)
        if name.endswith(".u16.xz"):
            ids = np.frombuffer(lzma.open(p).read(), np.uint16)
            np.save(f"{out}/tmp-{name[:-7]}.npy", ids); os.replace(f"{out}/tmp-{name[:-7]}.npy", f"{out}/{name[:-7]}.npy")
        else:
            shutil.copy(p, f"{out}/{name}")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, sorted(glob.glob(f"{bundle}/*"))))


if __name__ == "__main__":
    assert sys.argv[1] == "unpack"
    unpack(sys.argv[2], sys.argv[3])
