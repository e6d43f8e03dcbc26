#!/usr/bin/env python3
"""Tokens per second of Seine's engine beside its peers' on the same GGUF files, in turns, with what the machine could do and how busy it was.

Model files come from `seine model synth SHAPE --type T --out FILE`: random weights have the speed of real ones. The peers are llama-bench programs, built
outside this repository with native options; words after the path go to that program. All use the same number of threads; each round runs one after the
other, so that all meet the same neighbours. Prints a table; bench/engine/RESULTS.md keeps one. The load average is printed because a figure from a busy
machine says little: look at the best round.

    bench/engine/compare.py --seine build/release/seine --peer "llama.cpp=PATH" --peer "ik_llama.cpp=PATH -rtr 1 -fa 1" --rounds 5 FILE...
"""
import argparse
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

PROMPT = 512
GENERATE = 32


def run_json(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def run_seine(program, model, threads):
    report = run_json([program, "model", "bench", model, "--rounds", "1", "--prompt", str(PROMPT), "--generate", str(GENERATE),
                       "--threads", str(threads), "--json"])
    speeds = report["speeds"]
    return {"prompt": speeds["prompt"]["best"], "decode": speeds["decode"]["best"], "batch": speeds["batch"]["best"],
            "read": report["read_bytes_per_second"] / 1e9, "multiplies": report["multiplies_per_second"] / 1e9,
            "processor": speeds["prompt"]["share_of_processor"]}


def run_peer(words, model, threads):
    rows = run_json([*words, "-m", model, "-t", str(threads), "-p", str(PROMPT), "-n", str(GENERATE), "-r", "1", "-o", "json"])
    out = {}
    for row in rows:
        out["prompt" if row["n_prompt"] > 0 else "decode"] = row["avg_ts"]
    return out


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("models", nargs="+", metavar="FILE")
    options.add_argument("--seine", default="build/release/seine")
    options.add_argument("--peer", action="append", default=[], metavar="NAME=PROGRAM", help="a llama-bench and its words; may be repeated")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--threads", type=int, default=os.cpu_count())
    given = options.parse_args()
    peers = {name: shlex.split(words) for name, _, words in (peer.partition("=") for peer in given.peer)}

    print(f"{given.threads} threads, prompt {PROMPT}, {GENERATE} tokens, batch of 8 streams; tok/s: median (best) of {given.rounds} rounds")
    print("| model | who | prompt | decode | batch | read GB/s | GMAC/s | of CPU | load |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for model in given.models:
        results = {who: [] for who in ("seine", *peers)}
        load = []
        for _ in range(given.rounds):
            load.append(os.getloadavg()[0])
            results["seine"].append(run_seine(given.seine, model, given.threads))
            for name, words in peers.items():
                results[name].append(run_peer(words, model, given.threads))
        for who, rounds in results.items():
            if not rounds:
                continue

            def figure(key, form="{:.1f} ({:.1f})", rounds=rounds):
                values = sorted(r[key] for r in rounds if key in r)
                return form.format(values[len(values) // 2], values[-1]) if values else "-"

            print(f"| {Path(model).name} | {who} | {figure('prompt')} | {figure('decode')} | {figure('batch')} | {figure('read')} | "
                  f"{figure('multiplies', '{:.0f} ({:.0f})')} | {figure('processor', '{:.2f} ({:.2f})')} | {min(load):.1f}-{max(load):.1f} |")


if __name__ == "__main__":
    main()
