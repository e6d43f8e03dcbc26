#!/usr/bin/env python3
"""Whether the service's memory stays flat: a steady mixture of small work at a low rate for minutes, against a generator that plays a
script (script.json), and what the process holds every ten seconds.

The mixture is what a day brings: answers at once, streams read to their end, streams whose reader leaves, questions that are kept
as runs, conversations made and deleted, and the pages of the console. The slope is that of a line through the second half, so that caches and
the allocator's pools, which fill at first, do not count as a leak. Prints one JSON object; RESULTS.md keeps one.

  bench/gateway/memory.py [--minutes 10] [--rate 50]
"""
import argparse
import http.client
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/system"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from run import resident_mb  # noqa: E402
from seine import Service  # noqa: E402

SCRIPT = ROOT / "bench/gateway/script.json"
MODELS = json.loads(SCRIPT.read_text())["models"]
WORKERS = 8
EVERY_S = 10
# Of each work, in a hundred.
SHARES = {"answer": 55, "stream": 15, "left": 10, "ask": 5, "chat": 5, "page": 10}


class Worker(threading.Thread):
    """One connection that does a work, waits for its turn, and does the next."""

    def __init__(self, port, rate, until, seed):
        super().__init__(daemon=True)
        self.port, self.gap, self.until = port, WORKERS / rate, until
        self.random = random.Random(seed)
        self.done, self.failed = Counter(), Counter()
        self.connection = None

    def run(self):
        turn = time.monotonic() + self.random.random() * self.gap
        while turn < self.until:
            time.sleep(max(0, turn - time.monotonic()))
            work = self.random.choices(list(SHARES), list(SHARES.values()))[0]
            try:
                getattr(self, work)()
                self.done[work] += 1
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.failed[f"{work}: {type(error).__name__} {error}"[:120]] += 1
                self.leave()
            turn += self.gap
        self.leave()

    def leave(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def send(self, method, path, body=None):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        text = None if body is None else json.dumps(body)
        self.connection.request(method, path, text, {"content-type": "application/json"} if text else {})
        reply = self.connection.getresponse()
        assert reply.status < 300, f"{path} {reply.status} {reply.read(300)}"
        return reply

    def chat_body(self, model, stream):
        words = " ".join(str(self.random.random()) for _ in range(self.random.randrange(4, 200)))
        return {"model": model, "stream": stream, "messages": [{"role": "user", "content": words}]}

    def answer(self):
        self.send("POST", "/v1/chat/completions", self.chat_body("instant", False)).read()

    def stream(self):
        self.send("POST", "/v1/chat/completions", self.chat_body("some", True)).read()

    def left(self):
        self.send("POST", "/v1/chat/completions", self.chat_body("active", True)).read(512)
        self.leave()

    def ask(self):
        self.send("POST", "/api/ask", {"question": f"What is {self.random.random()}?", "search": "off", "stream": False, "model": "some"}).read()

    def chat(self):
        made = json.loads(self.send("POST", "/api/chats", {"title": str(self.random.random())}).read())
        body = {"question": "Go on", "chat_id": made["id"], "search": "off", "stream": False, "model": "some"}
        self.send("POST", "/api/ask", body).read()
        self.send("GET", f"/api/chats/{made['id']}").read()
        self.send("DELETE", f"/api/chats/{made['id']}").read()

    def page(self):
        self.send("GET", self.random.choice(("/", "/healthz", "/metrics", "/v1/models", "/api/chats", "/api/runs", "/openapi.json", "/api/status", "/docs"))).read()


def slope(points):
    """Of a line through (x, y) points, by least squares."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--rate", type=float, default=50, help="works a second, all together")
    given = options.parse_args()
    loads = [os.getloadavg()[0]]
    with Service("--model", f"scripted:{SCRIPT}", "--no-auth-on-loopback", SEINE_LOG="warn") as service:
        while len(json.loads(service.request("GET", "/v1/models")[2])["data"]) < len(MODELS):
            time.sleep(0.1)
        began = time.monotonic()
        until = began + given.minutes * 60
        workers = [Worker(service.port, given.rate, until, seed) for seed in range(WORKERS)]
        for worker in workers:
            worker.start()
        held = []
        while time.monotonic() < until:
            held.append((time.monotonic() - began, resident_mb(service.process.pid)))
            print(f"{held[-1][0]:5.0f} s {held[-1][1]:7.1f} MiB", file=sys.stderr)
            time.sleep(EVERY_S)
        for worker in workers:
            worker.join(60)
        seconds = time.monotonic() - began
        done, failed = Counter(), Counter()
        for worker in workers:
            done += worker.done
            failed += worker.failed
    loads.append(os.getloadavg()[0])
    half = held[len(held) // 2:]
    print(json.dumps({"minutes": given.minutes, "works_per_s": round(sum(done.values()) / seconds, 1), "done": done, "failed": failed,
                      "memory_mb": {"begin": round(held[0][1], 1), "middle": round(half[0][1], 1), "end": round(held[-1][1], 1),
                                    "most": round(max(mb for _, mb in held), 1)},
                      "second_half_mb_per_hour": round(slope(half) * 3600, 1),
                      "bytes_per_work": round(slope(half) * (1 << 20) * seconds / max(1, sum(done.values()))),
                      "load": [round(load, 1) for load in loads]}, indent=1))


if __name__ == "__main__":
    main()
