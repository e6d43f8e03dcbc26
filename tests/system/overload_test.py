#!/usr/bin/env python3
"""The shipped model under more than it can do: what is too much is refused with Retry-After while running streams go on, and a
reader that leaves frees the engine at once."""
import http.client
import json
import re
import socket
import struct
import time
import unittest

from seine import ROOT, Service

DEADLINE_S = 120  # for a condition to come true on a loaded machine


def metric(service: Service, name: str) -> float:
    text = service.request("GET", "/metrics")[2]
    return sum(float(value) for value in re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", text, re.M))


def wait_for(test: unittest.TestCase, what: str, holds) -> None:
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        if holds():
            return
        time.sleep(0.02)
    test.fail(f"{what} did not come true within {DEADLINE_S} s")


def end_token() -> int:
    """The model's own word for the end, from its file."""
    key = b"tokenizer.ggml.eos_token_id"
    head = (ROOT / "models/seine-mini/model.gguf").read_bytes()
    return struct.unpack_from("<II", head, head.index(key) + len(key))[1]


def question(stream: bool, tokens: int) -> dict:
    """One whose answer has exactly so many tokens: the end may not be said."""
    return {"model": "default", "stream": stream, "max_tokens": tokens, "temperature": 1.5, "seed": 5, "logit_bias": {str(end_token()): -100},
            "messages": [{"role": "user", "content": "Tell a story about the river."}]}


class Stream:
    """A chat stream that is read by hand."""

    def __init__(self, service: Service, tokens: int):
        body = json.dumps(question(True, tokens))
        self.socket = socket.create_connection(("127.0.0.1", service.port), timeout=DEADLINE_S)
        self.socket.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
                            f"content-length: {len(body)}\r\n\r\n{body}".encode())
        self.seen = b""

    def read_until(self, mark: bytes) -> bytes:
        while mark not in self.seen:
            got = self.socket.recv(1 << 16)
            if not got:
                raise AssertionError(f"the stream ended without {mark!r}: {self.seen[-500:]!r}")
            self.seen += got
        return self.seen

    def leave(self) -> None:
        self.socket.close()


class WithModel(unittest.TestCase):
    def wait_loaded(self, service: Service) -> None:
        wait_for(self, "the shipped model", lambda: json.loads(service.request("GET", "/v1/models")[2])["data"])
        # Loaded once it answers.
        wait_for(self, "an answer", lambda: service.request("POST", "/v1/chat/completions", question(False, 1))[0] == 200)

    def test_leaving_ends_the_engines_work(self):
        with Service("--no-auth-on-loopback") as service:
            self.wait_loaded(service)
            streams = [Stream(service, 1900) for _ in range(3)]
            for stream in streams:
                self.addCleanup(stream.leave)
            for stream in streams:
                stream.read_until(b'"content":')
            wait_for(self, "three running", lambda: metric(service, "seine_engine_requests_running") == 3)
            for stream in streams[1:]:
                stream.leave()
            wait_for(self, "one running", lambda: metric(service, "seine_engine_requests_running") == 1)
            streams[0].leave()
            wait_for(self, "none running", lambda: metric(service, "seine_engine_requests_running") == 0)
            # Nothing is computed for nobody: two looks at the counter, a request of one token between them, which is all that is new.
            before = metric(service, "seine_engine_generated_tokens_total")
            self.assertEqual(service.request("POST", "/v1/chat/completions", question(False, 1))[0], 200)
            self.assertEqual(metric(service, "seine_engine_generated_tokens_total"), before + 1)
            self.assertEqual(metric(service, "seine_engine_requests_queued"), 0)

    def test_overload_is_refused_while_streams_go_on(self):
        with Service("--no-auth-on-loopback", SEINE_MODEL_QUEUE_MAX="1") as service:
            self.wait_loaded(service)
            first = Stream(service, 300)
            self.addCleanup(first.leave)
            first.read_until(b'"content":')
            refused, others = [], []
            end = time.monotonic() + DEADLINE_S
            # More than run at once and may wait: some must be turned away.
            while not refused and time.monotonic() < end and len(others) < 200:
                connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE_S)
                connection.request("POST", "/v1/chat/completions", json.dumps(question(True, 1900)), {"content-type": "application/json"})
                answer = connection.getresponse()
                if answer.status == 200:
                    others.append(connection)
                else:
                    refused.append((answer.status, dict(answer.getheaders()), answer.read().decode()))
                    connection.close()
            self.assertTrue(refused, f"{len(others)} streams at once and none was refused")
            status, headers, text = refused[0]
            self.assertIn(status, (429, 503), text)
            self.assertGreaterEqual(int({name.lower(): value for name, value in headers.items()}["retry-after"]), 1)
            self.assertIn("limit", json.loads(text)["error"]["message"])
            # The first stream is not disturbed, and neither are those that run beside it.
            self.assertIn(b"data: [DONE]", first.read_until(b"[DONE]"))
            for connection in others:
                connection.close()
            wait_for(self, "none running", lambda: metric(service, "seine_engine_requests_running") == 0)
            self.assertEqual(service.request("POST", "/v1/chat/completions", question(False, 1))[0], 200)


if __name__ == "__main__":
    unittest.main()
