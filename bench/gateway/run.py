#!/usr/bin/env python3
"""What the gateway itself costs, with a generator that plays a script (script.json): small requests a second, the time it adds to a
request while 1,000 idle and 200 active streams are open, the memory of streams, of readers that do not read, and over time.

The load generator shares the machine's cores with the service. Needs build/release/seine and wrk. Prints one JSON object;
bench/gateway/RESULTS.md keeps one.

  bench/gateway/run.py [--seconds 8] [--minutes 0]    (minutes: how long to watch the memory under all streams)
"""
import argparse
import json
import os
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/system"))
from seine import Service  # noqa: E402

IDLE, ACTIVE, SLOW = 1000, 200, 100
PAUSE_S = 0.020  # between the pieces of the model "active"


def body(model, stream):
    return json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hi"}]})


def open_stream(port, model, receive_bytes=None):
    peer = socket.socket()
    if receive_bytes:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    peer.connect(("127.0.0.1", port))
    text = body(model, True)
    peer.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(text)}\r\n\r\n{text}".encode())
    return peer


def resident_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def wrk(port, seconds, connections, folder, path, model=None):
    """Requests a second and the latency's p50, p99 and worst in ms."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency"]
    if model:
        script = folder / "post.lua"
        script.write_text(f"wrk.method = 'POST'\nwrk.body = '{body(model, False)}'\nwrk.headers['content-type'] = 'application/json'\n")
        command += ["-s", str(script)]
    out = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
    if "Non-2xx" in out:
        sys.exit(out)

    def ms(pattern):
        number, unit = re.search(pattern, out).groups()
        return round(float(number) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit], 3)
    return {"requests_per_s": round(float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])), "p50_ms": ms(r"50%\s+([\d.]+)(us|ms|s)"),
            "p99_ms": ms(r"99%\s+([\d.]+)(us|ms|s)")}


class Reader:
    """Reads a set of streams in one loop and notes when pieces come."""

    def __init__(self, peers):
        self.selector = selectors.DefaultSelector()
        self.pieces = {}
        for peer in peers:
            peer.setblocking(False)
            self.pieces[peer] = []
            self.selector.register(peer, selectors.EVENT_READ)

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for key, _ in self.selector.select(0.05):
                got = key.fileobj.recv(1 << 16)
                if not got:
                    sys.exit("a stream ended early")
                self.pieces[key.fileobj] += [time.monotonic()] * got.count(b"data: ")


def child_reads(port, seconds, ready):
    """The active streams in a process of their own, so that the load generator is not in their way. Says how many pieces came."""
    peers = [open_stream(port, "active") for _ in range(ACTIVE)]
    reader = Reader(peers)
    reader.run(1)
    ready.write("ready\n")
    ready.flush()
    begin = time.monotonic()
    before = sum(map(len, reader.pieces.values()))
    reader.run(seconds)
    pieces = sum(map(len, reader.pieces.values())) - before
    ready.write(json.dumps({"pieces_per_s": round(pieces / (time.monotonic() - begin)), "fewest_a_stream": min(map(len, reader.pieces.values()))}))
    ready.flush()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=int, default=8)
    options.add_argument("--minutes", type=float, default=0)
    options.add_argument("--child", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.child:
        child_reads(int(given.child), given.seconds, sys.stdout)
        return
    result = {"cores": os.cpu_count(), "load_before": round(os.getloadavg()[0], 1)}
    folder = Path(tempfile.mkdtemp(prefix="seine-bench-"))
    with Service("--model", f"scripted:{ROOT / 'bench/gateway/script.json'}", "--no-auth-on-loopback") as service:
        port, pid = service.port, service.process.pid
        wrk(port, 1, 16, folder, "/healthz")
        result["healthz"] = wrk(port, given.seconds, 64, folder, "/healthz")
        result["models"] = wrk(port, given.seconds, 64, folder, "/v1/models")
        result["chat"] = wrk(port, given.seconds, 64, folder, "/v1/chat/completions", "instant")
        result["chat_alone"] = wrk(port, given.seconds, 1, folder, "/v1/chat/completions", "instant")

        before = resident_mb(pid)
        idle = [open_stream(port, "idle") for _ in range(IDLE)]
        Reader(idle).run(2)
        result["idle_streams"] = {"count": IDLE, "kb_each": round((resident_mb(pid) - before) * 1024 / IDLE, 1)}
        watch = max(given.seconds + 4, given.minutes * 60)
        child = subprocess.Popen([sys.executable, __file__, "--child", str(port), "--seconds", str(int(watch))], stdout=subprocess.PIPE, text=True)
        assert child.stdout.readline() == "ready\n"
        result["chat_among_streams"] = wrk(port, given.seconds, 1, folder, "/v1/chat/completions", "instant")
        memory = [round(resident_mb(pid), 1)]
        while child.poll() is None:
            time.sleep(min(10, watch / 10))
            memory.append(round(resident_mb(pid), 1))
        result["active_streams"] = {"count": ACTIVE, "wanted_per_s": round(ACTIVE / PAUSE_S), **json.loads(child.stdout.read())}
        result["memory_mb"] = {"begin": memory[0], "end": memory[-2], "most": max(memory), "seconds": round(watch)}
        for peer in idle:
            peer.close()

        before = resident_mb(pid)
        slow = [open_stream(port, "flood", 4096) for _ in range(SLOW)]
        time.sleep(given.seconds)
        # A stream holds at most the text of its own answer, here 256 KiB.
        result["slow_readers"] = {"count": SLOW, "kb_each": round((resident_mb(pid) - before) * 1024 / SLOW, 1)}
        for peer in slow:
            peer.close()
    result["load_after"] = round(os.getloadavg()[0], 1)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
