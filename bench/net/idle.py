#!/usr/bin/env python3
"""Memory of connections and streams on which nothing happens: what a server of seine::net holds for each.

Each case has a server of its own, one thread: its resident memory once it has served one of them, and again with all of them open.
Needs build/release/tests/seine_net_server and openssl. Prints a table; bench/net/RESULTS.md keeps one.
"""
import asyncio
import re
import resource
import shutil
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


async def connect(server: Server, protocol: str | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """protocol: what ALPN offers under TLS; None without TLS."""
    if protocol is None:
        return await asyncio.open_connection("127.0.0.1", server.http)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    return await asyncio.open_connection("127.0.0.1", server.https, ssl=context)


async def request(server: Server, protocol: str | None, path: str, end: bytes) -> asyncio.StreamWriter:
    reader, writer = await connect(server, protocol)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    await reader.readuntil(end)
    return writer


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


async def streams(server: Server, protocol: str | None, count: int) -> asyncio.StreamWriter:
    """One HTTP/2 connection with `count` open streams of events, each with its first event received (RFC 9113; HPACK without tables)."""
    reader, writer = await connect(server, protocol)
    head = b"\x82" + (b"\x87" if protocol else b"\x86") + b"\x04\x08/silence" + b"\x01\x01h"
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + b"".join(frame(1, 5, 2 * i + 1, head) for i in range(count)))
    begun = set()
    while len(begun) < count:
        header = await reader.readexactly(9)
        payload = await reader.readexactly(int.from_bytes(header[:3], "big"))
        kind, flags, stream = header[3], header[4], int.from_bytes(header[5:], "big")
        if kind == 0 and b"tick" in payload:
            begun.add(stream)
        elif kind == 4 and not flags & 1:
            writer.write(frame(4, 1, 0, b""))
        elif kind in (3, 7):
            sys.exit(f"HTTP/2 frame {kind} of stream {stream}: {payload!r}")
    return writer


CASES = {
    "connections, HTTP/1.1": (1, lambda server: request(server, None, "/", b"world!")),
    "connections, HTTP/1.1 over TLS 1.3": (1, lambda server: request(server, "http/1.1", "/", b"world!")),
    "event streams, HTTP/1.1": (1, lambda server: request(server, None, "/silence", b"data: 0")),
    "event streams, HTTP/1.1 over TLS 1.3": (1, lambda server: request(server, "http/1.1", "/silence", b"data: 0")),
    "event streams, HTTP/2, one a connection": (1, lambda server: streams(server, None, 1)),
    f"event streams, HTTP/2, {STREAMS} a connection": (STREAMS, lambda server: streams(server, None, STREAMS)),
    f"event streams, HTTP/2 over TLS 1.3, {STREAMS} a connection": (STREAMS, lambda server: streams(server, "h2", STREAMS)),
}


async def measure(folder: Path, each: int, open_one) -> tuple[int, int]:
    server = Server(folder)
    try:
        (await open_one(server)).close()
        before = server.resident_kib()
        peers = []
        while len(peers) < COUNT // each:
            peers += await asyncio.wait_for(asyncio.gather(*(open_one(server) for _ in range(min(100, COUNT // each)))), 120)
        return before, server.resident_kib()
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
            before, after = asyncio.run(measure(folder, each, open_one))
            print(f"| {name} | {before / 1024:.1f} | {after / 1024:.1f} | {(after - before) / COUNT:.1f} |", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
