#!/usr/bin/env python3
"""Requests per second and latency of seine::net beside nginx with the same small body, and the memory of idle connections.

One server thread (nginx: one worker) on the first core, the load generator on the second, both servers in the same run, in
turns. Needs build/release/tests/seine_net_server, nginx, wrk, h2load. Prints a table; bench/net/RESULTS.md keeps one.
"""
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SERVER = ROOT / "build/release/tests/seine_net_server"
ROUNDS = 3
SECONDS = 4
IDLE = 10_000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_seine(*arguments):
    server = subprocess.Popen(["taskset", "-c", "0", SERVER, "--threads", "1", *arguments], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline().split()[1])
    server.stdout.readline()
    return server, port


def start_nginx(folder, http2):
    port = free_port()
    conf = folder / f"nginx{http2}.conf"
    conf.write_text(f"""
daemon off; worker_processes 1; pid {folder}/nginx{http2}.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; default_type text/plain;
  server {{ listen 127.0.0.1:{port}{" http2" if http2 else ""}; location / {{ return 200 "Hello, world!"; }} }}
}}
""")
    server = subprocess.Popen(["taskset", "-c", "0", "nginx", "-c", str(conf), "-p", str(folder), "-e", "stderr"],
                              stderr=subprocess.DEVNULL)
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server, port
        time.sleep(0.05)
    sys.exit("nginx does not start")


def wrk(port, connections):
    out = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{SECONDS}", "--latency",
                          f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True).stdout
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    if "Non-2xx" in out:
        sys.exit(out)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), float(number) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]


def h2load(port, connections, streams, folder):
    log = folder / "h2.log"
    log.unlink(missing_ok=True)
    count = 150_000
    out = subprocess.run(["taskset", "-c", "1", "h2load", "-t1", f"-c{connections}", f"-m{streams}", f"-n{count}", f"--log-file={log}",
                          f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True).stdout
    if f"{count} succeeded" not in out:
        sys.exit(out)
    times = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines())
    return float(re.search(r"([\d.]+) req/s", out)[1]), times[len(times) * 99 // 100] / 1e3


def idle_memory():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server, port = start_seine()

    def rss():
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{server.pid}/status").read_text())[1]) / 1024

    before = rss()
    peers = []
    for _ in range(IDLE):
        peer = socket.create_connection(("127.0.0.1", port))
        peer.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        peers.append(peer)
    for peer in peers:
        if not peer.recv(1024).startswith(b"HTTP/1.1 200"):
            sys.exit("an idle connection was not served")
    after = rss()
    for peer in peers:
        peer.close()
    stop(server)
    return before, after


def stop(server):
    if server.stdin:
        server.stdin.close()
    else:
        server.terminate()
    server.wait(timeout=30)


def main():
    folder = Path(tempfile.mkdtemp(prefix="seine-bench-"))
    try:
        print("| load | nginx req/s | seine req/s | ratio | nginx p99 ms | seine p99 ms |\n| --- | --- | --- | --- | --- | --- |")
        cases = [("HTTP/1.1, 1 connection", 0, lambda port: wrk(port, 1)), ("HTTP/1.1, 64 connections", 0, lambda port: wrk(port, 64)),
                 ("HTTP/2, 8 connections x 1 stream", 1, lambda port: h2load(port, 8, 1, folder)),
                 ("HTTP/2, 8 connections x 16 streams", 1, lambda port: h2load(port, 8, 16, folder))]
        for name, http2, load in cases:
            seine, seine_port = start_seine()
            nginx, nginx_port = start_nginx(folder, http2)
            results = {seine_port: [], nginx_port: []}
            for _ in range(ROUNDS):
                for port in results:
                    results[port].append(load(port))
            (ours, our_p99), (theirs, their_p99) = (
                [statistics.median(column) for column in zip(*results[port])] for port in (seine_port, nginx_port))
            print(f"| {name} | {theirs:,.0f} | {ours:,.0f} | {ours / theirs:.2f} | {their_p99:.2f} | {our_p99:.2f} |", flush=True)
            stop(seine)
            stop(nginx)
        before, after = idle_memory()
        print(f"\n{IDLE:,} idle connections after one request each: {after:.0f} MiB resident ({before:.0f} MiB before), "
              f"{(after - before) * 1024 / IDLE:.1f} KiB a connection.")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
