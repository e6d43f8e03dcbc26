#!/usr/bin/env python3
"""Memory of connections and streams on which nothing happens: what a server of seine::net holds for each.

Each case has a server of its own, one thread: its resident memory once it has served one of them, and again with all of them open.
Needs build/release/tests/seine_net_server and openssl. Prints a table; bench/net/RESULTS.md keeps one.
"""
import re
import resource
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SERVER = ROOT / "build/release/tests/seine_net_server"
COUNT = 1_000
STREAMS = 100  # of one HTTP/2 connection


class Server:
    def __init__(self, folder: Path):
        self.process = subprocess.Popen([SERVER, "--threads", "1", "--tls", folder / "cert.pem", folder / "key.pem"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.http, self.https = (int(self.process.stdout.readline().split()[1]) for _ in range(2))
        self.process.stdout.readline()

    def resident_kib(self) -> int:
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())[1])

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


def connect(server: Server, protocol: str | None) -> socket.socket:
    """protocol: what ALPN offers under TLS; None without TLS."""
    if protocol is None:
        return socket.create_connection(("127.0.0.1", server.http), timeout=30)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    return context.wrap_socket(socket.create_connection(("127.0.0.1", server.https), timeout=30))


def request(server: Server, protocol: str | None, path: str, end: bytes) -> socket.socket:
    peer = connect(server, protocol)
    peer.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    seen = b""
    while end not in seen:
        piece = peer.recv(4096)
        if not piece:
            sys.exit("a connection was not served")
        seen += piece
    return peer


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def streams(server: Server, protocol: str | None, count: int) -> socket.socket:
    """One HTTP/2 connection with `count` open streams of events, each with its first event received (RFC 9113; HPACK without tables)."""
    peer = connect(server, protocol)
    head = b"\x82" + (b"\x87" if protocol else b"\x86") + b"\x04\x08/silence" + b"\x01\x01h"
    peer.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + b"".join(frame(1, 5, 2 * i + 1, head) for i in range(count)))
    reader = peer.makefile("rb")
    begun = set()
    while len(begun) < count:
        header = reader.read(9)
        if len(header) < 9:
            sys.exit("an HTTP/2 connection was not served")
        payload = reader.read(int.from_bytes(header[:3], "big"))
        kind, flags, stream = header[3], header[4], int.from_bytes(header[5:], "big")
        if kind == 0 and b"tick" in payload:
            begun.add(stream)
        elif kind == 4 and not flags & 1:
            peer.sendall(frame(4, 1, 0, b""))
        elif kind in (3, 7):
            sys.exit(f"HTTP/2 frame {kind} of stream {stream}: {payload!r}")
    reader.detach()
    return peer


CASES = {
    "connections, HTTP/1.1": (1, lambda server: request(server, None, "/", b"world!")),
    "connections, HTTP/1.1 over TLS 1.3": (1, lambda server: request(server, "http/1.1", "/", b"world!")),
    "event streams, HTTP/1.1": (1, lambda server: request(server, None, "/silence", b"tick")),
    "event streams, HTTP/1.1 over TLS 1.3": (1, lambda server: request(server, "http/1.1", "/silence", b"tick")),
    "event streams, HTTP/2, one a connection": (1, lambda server: streams(server, None, 1)),
    f"event streams, HTTP/2, {STREAMS} a connection": (STREAMS, lambda server: streams(server, None, STREAMS)),
    f"event streams, HTTP/2 over TLS 1.3, {STREAMS} a connection": (STREAMS, lambda server: streams(server, "h2", STREAMS)),
}


def measure(folder: Path, each: int, open_one) -> tuple[int, int]:
    server = Server(folder)
    try:
        open_one(server).close()
        before = server.resident_kib()
        peers = [open_one(server) for _ in range(COUNT // each)]
        after = server.resident_kib()
        for peer in peers:
            peer.close()
        return before, after
    finally:
        server.stop()


def main() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    folder = Path(tempfile.mkdtemp(prefix="seine-bench-"))
    try:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
                        "-days", "2", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
        print(f"| {COUNT:,} idle … | MiB before | MiB with them | KiB each |\n| --- | --- | --- | --- |")
        for name, (each, open_one) in CASES.items():
            before, after = measure(folder, each, open_one)
            print(f"| {name} | {before / 1024:.1f} | {after / 1024:.1f} | {(after - before) / COUNT:.1f} |", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
