#!/usr/bin/env python3
"""A model that another service runs, through the whole path: a server on loopback that answers in DeepSeek's form, keep-alives and thinking included."""
import http.server
import json
import tempfile
import time
import unittest

from ask_test import Site, check_citations
from loopback import Loopback
from seine import Service, seine

KEY = "sk-theirs-0123456789"


class Provider(Loopback):
    """Chat completions as DeepSeek streams them. Cites the first page that speaks of the river's length; remembers what was asked."""

    def __init__(self, status: int = 200):
        self.status = status
        self.asked: list[dict] = []
        self.keys: list[str] = []
        self.listed = 0

    def pieces(self, body: dict) -> list[dict]:
        text = body["messages"][-1]["content"]
        deltas = [{"role": "assistant", "content": "", "reasoning_content": None}]
        if body.get("tools"):
            deltas += [{"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}}]},
                       {"tool_calls": [{"index": 0, "function": {"arguments": '{"city":"Rouen"}'}}]}]
        elif "[webpage 1 begin" in text:
            before = text[:text.index("777 kilometres")]
            number = before.rsplit("[webpage ", 1)[1].split(" ", 1)[0]
            deltas += [{"reasoning_content": "The pages tell."}, {"content": "The river Seine is 777 kilo"}, {"content": "metres long"},
                       {"content": f"[cita"}, {"content": f"tion:{number}]."}]
        else:
            deltas += [{"content": "Good "}, {"content": "day."}]
        chunks = [{"id": "1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        reason = "tool_calls" if body.get("tools") else "stop"
        chunks.append({"id": "1", "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": reason}],
                       "usage": {"prompt_tokens": 50, "completion_tokens": 9, "total_tokens": 59, "prompt_cache_hit_tokens": 32,
                                 "completion_tokens_details": {"reasoning_tokens": 3}}})
        return chunks

    def handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                provider.asked.append(body)
                provider.keys.append(self.headers["authorization"])
                if provider.status != 200:
                    answer = json.dumps({"error": {"message": "Insufficient Balance", "type": "unknown_error"}}).encode()
                    self.send_response(provider.status)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                    return
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for line in [": keep-alive"] + [f"data: {json.dumps(chunk)}" for chunk in provider.pieces(body)] + ["data: [DONE]"]:
                    piece = f"{line}\n\n".encode()
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.write(b"0\r\n\r\n")

            def do_GET(self):
                provider.listed += 1
                known = self.headers["authorization"] == f"Bearer {KEY}" and provider.status != 401
                answer = json.dumps({"data": []} if known else {"error": {"message": "Authentication Fails"}}).encode()
                self.send_response(200 if known else 401)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        return Handler

    def settings(self) -> dict[str, str]:
        return {"SEINE_REMOTE_URL": self.url + "/v1", "SEINE_REMOTE_KEY": "env:THEIR_KEY", "THEIR_KEY": KEY}


def settled(service: Service) -> list[dict]:
    """The models when none is loading any more: the service answers before the key of each has been tried."""
    deadline = time.monotonic() + 30
    while True:
        models = json.loads(service.request("GET", "/api/models")[2])["data"]
        if all(model["state"] != "loading" for model in models):
            return models
        assert time.monotonic() < deadline, models
        time.sleep(0.1)


class Remote(unittest.TestCase):
    def test_answers_with_citations_and_as_a_model(self):
        with Site() as site, Provider() as provider, Service("--no-auth-on-loopback", "--model", "none", **provider.settings()) as service:
            settled(service)
            models = json.loads(service.request("GET", "/v1/models")[2])["data"]
            self.assertEqual([model["id"] for model in models], ["deepseek-v4-flash", "deepseek-v4-pro"])
            status, _, text = service.request("POST", "/api/ask", {"question": "How long is the river Seine?", "sites": [site.url], "stream": False,
                                                                   "think": "high"})
            self.assertEqual(status, 200, text)
            answer = json.loads(text)
            self.assertEqual((answer["state"], answer["by"], answer["model"]), ("complete", "model", "deepseek-v4-flash"), answer)
            self.assertEqual(answer["text"], "The river Seine is 777 kilometres long[1].")
            self.assertEqual(answer["reasoning"], "The pages tell.")
            self.assertEqual(answer["citations"][0]["support"], "supported")
            check_citations(self, service, answer)
            self.assertEqual(provider.asked[-1]["thinking"], {"type": "enabled"})
            self.assertEqual(provider.asked[-1]["reasoning_effort"], "high")

            body = {"model": "deepseek-reasoner", "messages": [{"role": "user", "content": "Greet me."}]}
            status, _, text = service.request("POST", "/v1/chat/completions", body)
            self.assertEqual(status, 200, text)
            reply = json.loads(text)
            self.assertEqual(reply["choices"][0]["message"]["content"], "Good day.")
            self.assertEqual(reply["usage"]["prompt_cache_hit_tokens"], 32)
            tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
            body = {"model": "deepseek-v4-pro", "messages": [{"role": "user", "content": "Weather in Rouen?"}], "tools": [tool]}
            reply = json.loads(service.request("POST", "/v1/chat/completions", body)[2])
            self.assertEqual(reply["choices"][0]["message"]["tool_calls"][0]["function"], {"name": "weather", "arguments": '{"city":"Rouen"}'})
            self.assertEqual(reply["choices"][0]["finish_reason"], "tool_calls")
            self.assertEqual(provider.asked[-1]["model"], "deepseek-v4-pro")
            self.assertEqual(set(provider.keys), {f"Bearer {KEY}"})
            code, log = service.stop()
            self.assertEqual(code, 0, log)
            self.assertNotIn(KEY, log)

    def test_a_refusal_is_told_in_both_languages(self):
        words = {"en": "has no balance left", "zh": "余额"}
        with Site() as site, Provider(402) as provider, tempfile.TemporaryDirectory() as data:
            for language, word in words.items():
                done = seine("ask", "How long is the river Seine?", "--site", site.url, "--data", data, "--lang", language, SEINE_MODEL="none",
                             **provider.settings())
                said = done.stdout + done.stderr
                self.assertIn(word, said)
                self.assertIn("777 kilometres", said, "the extract answers where the model does not")
                self.assertNotIn(KEY, said)

    def test_a_stream_tells_it_in_the_readers_language(self):
        with Site() as site, Provider(402) as provider, Service("--no-auth-on-loopback", "--model", "none", **provider.settings()) as service:
            settled(service)
            body = {"question": "How long is the river Seine?", "sites": [site.url]}
            for language, word in (("zh-CN,zh;q=0.9", "模型服务余额不足"), ("en", "has no balance left")):
                text = service.request("POST", "/api/ask", body, {"accept-language": language})[2]
                events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
                reasons = [event["reason"] for event in events if event.get("state") == "failed" and event.get("reason")]
                self.assertTrue(any(word in reason for reason in reasons), reasons)
                self.assertIn(word, [step["reason"] for step in events[-1]["steps"] if step["reason"]][0])

    def test_a_wrong_key_is_told_before_the_first_question(self):
        words = {"en": "does not accept its key", "zh": "不接受所设的密钥"}
        with Provider() as provider:
            wrong = {**provider.settings(), "THEIR_KEY": "sk-theirs-wrong"}
            with Service("--no-auth-on-loopback", "--model", "none", **wrong) as service:
                model = settled(service)[0]
                self.assertEqual(model["state"], "failed")
                self.assertIn(words["en"], model["error"])
                status, _, text = service.request("POST", "/v1/chat/completions",
                                                  {"model": model["id"], "messages": [{"role": "user", "content": "hi"}]})
                self.assertEqual(status, 503, text)
                self.assertIn(words["en"], text)
            self.assertEqual(provider.asked, [])
            for settings, code in ((wrong, 1), (provider.settings(), 0)):
                for language, word in words.items():
                    with tempfile.TemporaryDirectory() as data:
                        done = seine("doctor", "--data", data, "--lang", language, "--json", **settings)
                        check = next(c for c in json.loads(done.stdout)["checks"] if c["name"] == "remote")
                        self.assertEqual(check["status"], "fail" if code else "ok", check)
                        self.assertEqual(word in json.dumps(check, ensure_ascii=False), bool(code), check)
                        self.assertNotIn("sk-theirs", done.stdout + done.stderr)
        # Not reached: the doctor says so, and the model is there for when the service is back.
        gone = {**provider.settings(), "SEINE_MODEL": "none"}
        with tempfile.TemporaryDirectory() as data:
            self.assertIn("seine config explain remote.url", seine("doctor", "--data", data, **gone).stdout)
        with Service("--no-auth-on-loopback", **gone) as service:
            self.assertEqual([(model["id"], model["state"]) for model in settled(service)][0], ("deepseek-v4-flash", "ready"))

    def test_what_is_set_wrongly_is_named(self):
        for extra, word in (({"SEINE_REMOTE_URL": "api.deepseek.com"}, "remote.url"),
                            ({"SEINE_REMOTE_URL": "http://127.0.0.1:1/v1", "SEINE_REMOTE_KEY": "sk-plain-text"}, "remote.key")):
            with tempfile.TemporaryDirectory() as data:
                done = seine("up", "--data", data, "--listen", "127.0.0.1:0", **extra)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(word, done.stderr)
                self.assertNotIn("sk-plain-text", done.stderr)


if __name__ == "__main__":
    unittest.main()
