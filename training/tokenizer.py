"""The tokenizer: byte-level BPE with single digits, single Han characters and single punctuation marks.

Trained and run by bpe.cc; this module holds its rules (reserved ids, character classes, regular expression), decodes,
and writes the Hugging Face tokenizer.json.

usage: tokenizer.py train --bpe BIN --vocab 16384 --out DIR FILE:WEIGHT...
"""
import argparse, functools, json, os, re, subprocess, unicodedata
import numpy as np

PAD, DOC, END, QUESTION, PASSAGE, ANSWER, NONE, BLANK, CITE = 0, 1, 2, 3, 4, 5, 6, 7, 8   # CITE + i: passage i + 1
CITATIONS, SPECIALS = 16, 64
NAMES = ["<|pad|>", "<|doc|>", "<|end|>", "<|q|>", "<|p|>", "<|a|>", "<|none|>", "<|blank|>"] \
    + [f"[{i}]" for i in range(1, CITATIONS + 1)] + ["<|query|>", "<|passage|>", "<|mask|>", "<|translate|>", "<|rewrite|>"]
NAMES += [f"<|reserved{i}|>" for i in range(len(NAMES), SPECIALS)]

HAN = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF)]
SPACE = [*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
_HAN = "".join(f"{chr(a)}-{chr(b)}" for a, b in HAN)
# One Han character, one number character, one mark, each its own piece: answer spans then begin and end on token borders
# (99.7 % of SQuAD, DRCD and CMRC answers). A word or mark carries one leading blank.
PATTERN = rf"[{_HAN}]|\p{{N}}| ?[^\s\p{{N}}\p{{P}}\p{{S}}{_HAN}]+| ?[\p{{P}}\p{{S}}]|\s+"


def char_classes():
    """One byte per code point, as bpe.cc reads it: 0 other, 1 white space, 2 number, 3 mark, 4 Han."""
    t = np.zeros(0x110000, np.uint8)
    for c in range(0x110000):
        k = unicodedata.category(chr(c))[0]
        t[c] = 2 if k == "N" else 3 if k in "PS" else 0
    t[SPACE] = 1
    for a, b in HAN:
        t[a:b + 1] = 4
    return t


def byte_alphabet():
    """GPT-2's printable stand-in for each byte."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in keep]
    return {**{b: chr(b) for b in keep}, **{b: chr(256 + i) for i, b in enumerate(rest)}}


class Tokenizer:
    """dir holds merges.txt and, for encode(), classes.bin; bpe is the program built from bpe.cc."""

    def __init__(self, dir, bpe=None):
        self.dir, self.bpe = dir, bpe
        self.merges = [tuple(map(int, l.split())) for l in open(f"{dir}/merges.txt")]
        self.bytes = [n.encode() for n in NAMES] + [bytes([b]) for b in range(256)]
        for a, b in self.merges:
            self.bytes.append(self.bytes[a] + self.bytes[b])
        self.length = np.array([len(b) for b in self.bytes])

    def __len__(self):
        return len(self.bytes)

    def decode(self, ids):
        return b"".join(self.bytes[i] for i in ids).decode("utf-8", "replace")

    def encode(self, texts):
        """-> list of uint16 arrays. Special tokens are never parsed out of text."""
        data = b"".join(t.replace("\0", " ").encode() + b"\0" for t in texts)
        out = subprocess.run([self.bpe, "encode", f"{self.dir}/classes.bin", str(SPECIALS), f"{self.dir}/merges.txt"],
                             input=data, stdout=subprocess.PIPE, check=True).stdout
        res, at = [], 0
        for _ in texts:
            n = int.from_bytes(out[at:at + 4], "little")
            res.append(np.frombuffer(out, np.uint16, n, at + 4))
            at += 4 + 2 * n
        assert at == len(out)
        return res

    def encode_plain(self, text):
        """The same ids in plain Python: the reference for bpe.cc, and for a few short strings where it is not built."""
        if not hasattr(self, "rank"):
            self.rank = {m: i for i, m in enumerate(self.merges)}
        out = []
        for piece in re.findall(self._pattern(), text):
            ids = [SPECIALS + b for b in piece.encode()]
            while len(ids) > 1:
                rank, at = min((self.rank.get(p, 1 << 30), i) for i, p in enumerate(zip(ids, ids[1:])))
                if rank == 1 << 30:
                    break
                ids[at:at + 2] = [SPECIALS + 256 + rank]
            out += ids
        return np.array(out, np.uint16)

    @staticmethod
    @functools.lru_cache(None)
    def _pattern():
        """PATTERN for Python's re, which lacks \\p{..}: the categories spelt out as ranges."""
        t = char_classes()
        def ranges(k):
            c = np.flatnonzero(t == k); cut = np.flatnonzero(np.diff(c) > 1)
            return "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in zip(c[np.r_[0, cut + 1]], c[np.r_[cut, len(c) - 1]]))
        s, n, m = ranges(1), ranges(2), ranges(3)
        return re.compile(rf"[{_HAN}]|[{n}]| ?[^{s}{n}{m}{_HAN}]+| ?[{m}]|[{s}]+")

    def strings(self):
        """Every token in the byte alphabet, as tokenizer.json and GGUF spell it."""
        a = byte_alphabet()
        return NAMES + ["".join(a[x] for x in b) for b in self.bytes[SPECIALS:]]

    def to_json(self):
        s = self.strings()
        split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
        return {
            "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None,
            "added_tokens": [dict(id=i, content=n, single_word=False, lstrip=False, rstrip=False, normalized=False,
                                  special=True) for i, n in enumerate(NAMES)],
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]}, "decoder": level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                      "vocab": {t: i for i, t in enumerate(s)}, "merges": [[s[a], s[b]] for a, b in self.merges]}}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("command", choices=["train"])
    ap.add_argument("--bpe", required=True); ap.add_argument("--out", required=True)
    ap.add_argument("--vocab", type=int, default=16384)
    ap.add_argument("files", nargs="+", help="plain text file and its weight, FILE:WEIGHT")
    a = ap.parse_args()
    os.makedirs(a.out, exist_ok=True)
    char_classes().tofile(f"{a.out}/classes.bin")
    subprocess.run([a.bpe, "train", f"{a.out}/classes.bin", str(a.vocab), str(SPECIALS), f"{a.out}/merges.txt", *a.files],
                   check=True)
    t = Tokenizer(a.out, a.bpe)
    json.dump(t.to_json(), open(f"{a.out}/tokenizer.json", "w"), ensure_ascii=False, indent=0)
    print(len(t), "tokens")


if __name__ == "__main__":
    main()
