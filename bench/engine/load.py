#!/usr/bin/env python3
"""Many clients at once on an OpenAI-compatible server: time to first token, tokens per second together, and the time from start to first token.

Starts Seine (--seine BINARY) or llama-server (--llama-server BINARY) on a model file and a port of its own, or talks to a server that runs (--url). Every
client sends one streamed chat request a round: the words of --shared that all have in common, then --words of its own, single letters, which the
tokenizers of `seine model synth` take as a token each. Sampling is at temperature 1, so that no guess of repeated text helps. Figures are medians of the
rounds, the best in parentheses; the first round of a fresh server is left out.

    bench/engine/load.py --seine build/release/seine --clients 8 --tokens 64 FILE
    bench/engine/load.py --llama-server PATH --clients 64 --shared 1500 --tokens 32 FILE -- --kv-unified
"""
import argparse
import http.client
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

START_LIMIT_S = 300
REQUEST_LIMIT_S = 600


class Server:
    """A server that this script started, or one that runs already."""

    def __init__(self, given):
        self.begun = time.monotonic()
        self.process = None
        self.data = None
        self.headers = {"content-type": "application/json"}
        self.extra = {}
        self.model = given.name
        if given.url:
            address = urllib.parse.urlsplit(given.url)
            self.host, self.port = address.hostname, address.port
            if given.key:
                self.headers["authorization"] = f"Bearer {given.key}"
        elif given.seine:
            self.start_seine(given)
        else:
            self.start_llama(given)

    def start_seine(self, given):
        self.data = tempfile.mkdtemp(prefix="seine-load-")
        settings = Path(self.data) / "load.toml"
        settings.write_text(f"[model]\nthreads = {given.threads}\n")
        command = [given.seine, "up", "--config", str(settings), "--data", self.data, "--listen", "127.0.0.1:0", "--model", given.file, *given.more]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        env={**os.environ, "LANG": "C.UTF-8", "NO_COLOR": "1"})
        seen, until = b"", time.monotonic() + START_LIMIT_S
        while not re.search(rb":(\d+)/#token=\S+\s", seen):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, until - time.monotonic()))
            piece = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not piece:
                self.stop()
                sys.exit(f"seine did not start:\n{seen.decode(errors='replace')}")
            seen += piece
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.host, self.port = "127.0.0.1", int(re.search(rb":(\d+)/#", seen).group(1))
        made = subprocess.run([given.seine, "key", "create", "load", "--scope", "chat,models", "--expires", "1h", "--json", "--data", self.data],
                              capture_output=True, text=True, check=False)
        if made.returncode != 0:
            self.stop()
            sys.exit(f"no key: {made.stderr}")
        self.headers["authorization"] = f"Bearer {json.loads(made.stdout)['key']}"
        self.wait_ready("/v1/models")

    def start_llama(self, given):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.host = "127.0.0.1"
        self.extra = {"ignore_eos": True}
        command = [given.llama_server, "-m", given.file, "--host", self.host, "--port", str(self.port), "-t", str(given.threads), "-np", str(given.clients),
                   "-c", str(given.context), "--threads-http", "80", *given.more]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_ready("/health")

    def wait_ready(self, path):
        until = time.monotonic() + START_LIMIT_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                sys.exit(f"the server ended with {self.process.returncode}")
            try:
                connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
                connection.request("GET", path, headers=self.headers)
                answer = connection.getresponse()
                text = answer.read()
                if answer.status == 200:
                    if path == "/v1/models":
                        if not json.loads(text)["data"]:
                            time.sleep(0.05)
                            continue
                        self.model = self.model or json.loads(text)["data"][0]["id"]
                    return
            except OSError:
                pass
            time.sleep(0.05)
        self.stop()
        sys.exit("the server did not get ready")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.data:
            shutil.rmtree(self.data, ignore_errors=True)


def letters(count, source):
    return " ".join(source.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(count))


def ask(server, prompt, tokens, result):
    """One streamed request; result gets the times of its deltas and its token counts, or an error."""
    began = time.monotonic()
    try:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=REQUEST_LIMIT_S)
        body = {"model": server.model or "m", "stream": True, "stream_options": {"include_usage": True}, "max_tokens": tokens, "temperature": 1,
                "messages": [{"role": "user", "content": prompt}], **server.extra}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), server.headers)
        answer = connection.getresponse()
        if answer.status != 200:
            result["error"] = f"{answer.status} {answer.read()[:300]!r}"
            return
        deltas = 0
        for line in answer:
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            if "error" in event:
                result["error"] = str(event["error"])
                return
            if event.get("usage"):
                result["completion"] = event["usage"]["completion_tokens"]
                result["prompt"] = event["usage"]["prompt_tokens"]
            choices = event.get("choices") or []
            if choices and any(choices[0].get("delta", {}).get(part) for part in ("content", "reasoning_content")):
                deltas += 1
                result.setdefault("first", time.monotonic() - began)
        result.setdefault("completion", deltas)
        result.setdefault("first", time.monotonic() - began)
        result["end"] = time.monotonic()
    except (OSError, ValueError, http.client.HTTPException) as error:
        result["error"] = repr(error)


def run_round(server, given, shared, source):
    results = [{} for _ in range(given.clients)]
    threads = [threading.Thread(target=ask, args=(server, f"{shared} {letters(given.words, source)}", given.tokens, result)) for result in results]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = [r for r in results if "error" not in r]
    for r in results:
        if "error" in r:
            print(f"failed: {r['error']}", file=sys.stderr)
    if not good:
        return None
    firsts = sorted(r["first"] for r in good)
    wall = max(r["end"] for r in good) - began
    return {"rate": sum(r["completion"] for r in good) / wall, "p50": firsts[len(firsts) // 2], "p95": firsts[min(len(firsts) - 1, int(len(firsts) * 0.95))],
            "failed": given.clients - len(good), "prompt": good[0].get("prompt", 0), "completion": sum(r["completion"] for r in good) / len(good)}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("file", nargs="?", help="model file")
    which = options.add_mutually_exclusive_group(required=True)
    which.add_argument("--seine", help="program to start")
    which.add_argument("--llama-server", help="program to start")
    which.add_argument("--url", help="a server that runs")
    options.add_argument("--key")
    options.add_argument("--name", default="", help="model name in requests")
    options.add_argument("--clients", type=int, default=8)
    options.add_argument("--tokens", type=int, default=64)
    options.add_argument("--shared", type=int, default=0, help="words at the start that all requests share")
    options.add_argument("--words", type=int, default=24, help="words of each request's own")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--threads", type=int, default=os.cpu_count())
    options.add_argument("--context", type=int, default=8192, help="of llama-server, all slots together")
    options.add_argument("more", nargs="*", help="after --: words for the server")
    given = options.parse_args()
    if not given.url and not given.file:
        options.error("a model file to start the server on")
    source = random.Random(1)
    shared = letters(given.shared, source)
    server = Server(given)
    try:
        first = {}
        ask(server, "a b c", 1, first)
        if "error" in first:
            sys.exit(f"the server does not answer: {first['error']}")
        to_first = time.monotonic() - server.begun
        rounds = [run_round(server, given, shared, source) for _ in range(given.rounds + 1)][1:]
    finally:
        server.stop()
    rounds = [r for r in rounds if r]
    if not rounds:
        sys.exit("no round succeeded")

    def figure(key, best, form):
        return f"{form.format(statistics.median(r[key] for r in rounds))} ({form.format(best(r[key] for r in rounds))})"

    print(f"{Path(given.file or given.url).name}: {given.clients} clients, prompt {rounds[0]['prompt']}, {rounds[0]['completion']:.0f} tokens each: "
          f"{figure('rate', max, '{:.1f}')} tok/s, first token p50 {figure('p50', min, '{:.2f}')} s, p95 {figure('p95', min, '{:.2f}')} s, "
          f"failed {sum(r['failed'] for r in rounds)}, start to first token {to_first:.2f} s")


if __name__ == "__main__":
    main()
