#!/usr/bin/env python3
"""The vectors and scores of training/embed_model.py, in float32, for the weights of models/seine-embed/model.gguf.

    make_seine_embed.py [OUT]        (PyTorch; seconds)

Per text: its tokens, the mark in front included, and the mean of the last states, not of length 1. Per pair: the question's
tokens and the passage's behind them, how many are the question's, and the score.
"""
import json
import os
import sys

import torch

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "training"))
import embed_model  # noqa: E402
import gguf  # noqa: E402
import import_gguf  # noqa: E402
from make_seine_mini import Encoder  # noqa: E402
from tokenizer import NAMES  # noqa: E402

TEXTS = [("<|query|>", "How do I order a new card?"), ("<|query|>", "怎样补办银行卡？"),
         ("<|passage|>", "Cards\nA lost card is blocked at once; a new one comes by post within five days."), ("<|passage|>", "")]

PAIRS = [("How do I order a new card?", "Cards\nA lost card is blocked at once; a new one comes by post within five days."),
         ("How do I order a new card?", "Opening hours\nThe branch is open from nine to four on weekdays."),
         ("怎样补办银行卡？", "补卡\n银行卡丢失后请先挂失，再到任一网点补办新卡。"), ("怎样补办银行卡？", "营业时间\n网点工作日九点到十六点营业。")]


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "tests/golden/seine_embed.json")
    keys, tensors = gguf.read(os.path.join(ROOT, "models/seine-embed/model.gguf"))
    net = embed_model.Model(embed_model.Config(**import_gguf.embed_config(keys))).eval()
    net.load_state_dict(import_gguf.embed_state(tensors))
    encoder = Encoder(keys)
    cases = []
    for mark, text in TEXTS:
        tokens = [NAMES.index(mark), *encoder.encode(text)]
        with torch.no_grad():
            mean = net.embed(torch.tensor([tokens]), torch.tensor([len(tokens)]))[0]
        cases.append(dict(text=text, tokens=tokens, mean=[round(float(x), 5) for x in mean]))
    pairs = []
    for question, passage in PAIRS:
        asked = [NAMES.index("<|query|>"), *encoder.encode(question)]
        tokens = [*asked, NAMES.index("<|passage|>"), *encoder.encode(passage)]
        with torch.no_grad():
            score = net.relevance(torch.tensor([tokens]), torch.tensor([len(tokens)]), torch.tensor([len(asked)]))[0]
        pairs.append(dict(question=question, passage=passage, tokens=tokens, asked=len(asked), score=round(float(score), 4)))
    with open(out, "w") as f:
        json.dump(dict(texts=cases, pairs=pairs), f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    main()
