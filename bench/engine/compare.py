#!/usr/bin/env python3
"""Tokens per second of Seine's engine beside llama.cpp's on the same GGUF files, in turns, with what the machine could do and how busy it was.

Model files come from `seine model synth SHAPE --type T --pure --out FILE`: random weights have the speed of real ones. llama-bench is built outside this
repository with native options. Both programs use the same number of threads; each round runs one and then the other, so that both meet the same neighbours.
Prints a table; bench/engine/RESULTS.md keeps one. The load average is printed because a figure from a busy machine says little: look at the best round.

    bench/engine/compare.py --seine build/release/seine --llama-bench PATH --rounds 3 FILE...
"""
import argparse
import json
import os
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


def run_peer(program, model, threads):
    rows = run_json([program, "-m", model, "-t", str(threads), "-p", str(PROMPT), "-n", str(GENERATE), "-r", "1", "-o", "json"])
    out = {}
    for row in rows:
        out["prompt" if row["n_prompt"] > 0 else "decode"] = row["avg_ts"]
    return out


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("models", nargs="+", metavar="FILE")
    options.add_argument("--seine", default="build/release/seine")
    options.add_argument("--llama-bench", default=None, help="without it only our side runs")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--threads", type=int, default=os.cpu_count())
    given = options.parse_args()

    print(f"{given.threads} threads, prompt {PROMPT}, {GENERATE} tokens, batch of 8 streams; tok/s: median (best) of {given.rounds} rounds")
    print("| model | who | prompt | decode | batch | read GB/s | GMAC/s | of CPU | load |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for model in given.models:
        results = {"seine": [], "llama.cpp": []}
        load = []
        for _ in range(given.rounds):
            load.append(os.getloadavg()[0])
            results["seine"].append(run_seine(given.seine, model, given.threads))
            if given.llama_bench:
                results["llama.cpp"].append(run_peer(given.llama_bench, model, given.threads))
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
