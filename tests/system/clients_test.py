#!/usr/bin/env python3
"""The real binary, with a scripted model, under real client libraries and tools; and with API keys, as other machines would use it."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from seine import ROOT, Service, environment, seine

CLIENTS = ROOT / "tests/clients"
SCRIPT = f"scripted:{CLIENTS / 'script.json'}"


def installed() -> str | None:
    """Nothing when the packages of the lock file are there, else why not."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "no Node.js"
    wanted = hashlib.sha256((CLIENTS / "package-lock.json").read_bytes()).hexdigest()
    stamp = CLIENTS / "node_modules/.seine-lock"
    if stamp.exists() and stamp.read_text() == wanted:
        return None
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--prefer-offline"], cwd=CLIENTS, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        return f"the packages could not be installed: {done.stderr[-300:]}"
    stamp.write_text(wanted)
    return None


class Keyed(unittest.TestCase):
    """One service without open doors, and a key for it."""

    @classmethod
    def setUpClass(cls):
        cls.data = tempfile.mkdtemp(prefix="seine-clients-")
        cls.service = Service("--model", SCRIPT, data=cls.data)
        made = seine("key", "create", "clients", "--scope", "chat,embeddings", "--data", cls.data)
        assert made.returncode == 0, made.stderr
        cls.key = made.stdout.strip()
        cls.url = f"http://127.0.0.1:{cls.service.port}"

    @classmethod
    def tearDownClass(cls):
        cls.service.__exit__()
        shutil.rmtree(cls.data, ignore_errors=True)

    def ask(self, model, **more):
        body = {"model": model, "messages": [{"role": "user", "content": "hi"}], **more}
        return self.service.request("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {self.key}"})


class Libraries(Keyed):
    def run_client(self, name, node="node", **settings):
        problem = installed()
        if problem:
            self.skipTest(problem)
        done = subprocess.run([node, str(CLIENTS / name)], env=environment(**{"SEINE_URL": self.url, "SEINE_API_KEY": self.key, **settings}),
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertGreater(done.stdout.count("ok "), 2, done.stdout)

    def test_openai(self):
        self.run_client("openai.mjs")

    def test_openai_7_on_node_22(self):
        problem = installed()
        node = CLIENTS / "node_modules/.bin/node"
        if problem or not node.exists():
            self.skipTest(problem or "the npm package node has no program for this machine")
        self.run_client("openai.mjs", node=str(node), SEINE_OPENAI="openai-7")

    def test_anthropic(self):
        self.run_client("anthropic.mjs")

    def test_ai_sdk_with_deepseek(self):
        self.run_client("ai.mjs")

    def test_grpc(self):
        self.run_client("grpc.mjs", SEINE_ADDRESS=f"127.0.0.1:{self.service.port}")

    def test_grpc_over_tls(self):
        folder = tempfile.mkdtemp(prefix="seine-tls-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        cert, key = f"{folder}/cert.pem", f"{folder}/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, capture_output=True, timeout=60)
        with Service("--model", SCRIPT, SEINE_TLS_CERTIFICATE=cert, SEINE_TLS_KEY=key) as service:
            made = seine("key", "create", "grpc", "--scope", "chat", "--data", service.data)
            self.assertEqual(made.returncode, 0, made.stderr)
            self.run_client("grpc.mjs", SEINE_ADDRESS=f"127.0.0.1:{service.port}", SEINE_CA=cert, SEINE_API_KEY=made.stdout.strip())


class Tools(Keyed):
    def test_curl_streams_over_http2(self):
        body = json.dumps({"model": "words", "stream": True, "messages": [{"role": "user", "content": "hi"}]})
        done = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "-w", "%{http_version}", "-H", f"authorization: Bearer {self.key}", "-d", body,
                               f"{self.url}/v1/chat/completions"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('"content":" world"', done.stdout)
        self.assertTrue(done.stdout.endswith("data: [DONE]\n\n2"), done.stdout)

    def test_promtool_finds_nothing(self):
        if not shutil.which("promtool"):
            self.skipTest("no promtool (Debian package prometheus)")
        self.ask("words")
        _, _, text = self.service.request("GET", "/metrics")
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_metrics_have_vllms_names_when_asked(self):
        self.ask("words")
        _, _, plain = self.service.request("GET", "/metrics")
        self.assertNotIn("vllm:", plain)
        _, _, text = self.service.request("GET", "/metrics?names=vllm")
        self.assertRegex(text, r'vllm:generation_tokens_total\{model_name="words",engine="0"\} \d')
        self.assertRegex(text, r'vllm:request_success_total\{model_name="words",engine="0",finished_reason="stop"\} \d')
        self.assertIn('vllm:time_to_first_token_seconds_bucket{model_name="words",engine="0",le="0.001"}', text)

    def test_leaving_frees_the_model(self):
        body = json.dumps({"model": "slow", "stream": True, "messages": [{"role": "user", "content": "hi"}]})
        process = subprocess.Popen(["curl", "-sSN", "-H", f"authorization: Bearer {self.key}", "-d", body, f"{self.url}/v1/chat/completions"],
                                   stdout=subprocess.PIPE)
        process.stdout.read(500)
        self.assertIn('seine_answers_running{model="slow"} 1', self.service.request("GET", "/metrics")[2])
        process.kill()
        process.communicate()
        for _ in range(200):
            text = self.service.request("GET", "/metrics")[2]
            if 'seine_answers_running{model="slow"} 0' in text:
                break
        self.assertIn('seine_answers_total{model="slow",outcome="cancelled"}', text)
        self.assertIn('seine_answers_running{model="slow"} 0', text)

    def test_openapi_is_served_without_a_key(self):
        status, _, text = self.service.request("GET", "/openapi.json")
        self.assertEqual(status, 200)
        document = json.loads(text)
        self.assertIn("/v1/chat/completions", document["paths"])
        self.assertIn("/api/status", document["paths"])
        wanted = set(re.findall(r'#/components/schemas/(\w+)', text))
        self.assertEqual(wanted - set(document["components"]["schemas"]), set())


class Keys(unittest.TestCase):
    def test_life_of_a_key(self):
        with Service("--model", SCRIPT) as service:
            made = json.loads(seine("key", "create", "ci", "--scope", "models", "--expires", "1h", "--json", "--data", service.data).stdout)
            self.assertTrue(made["key"].startswith("sk-seine-"))
            bearer = {"authorization": f"Bearer {made['key']}"}
            self.assertEqual(service.request("GET", "/v1/models", headers=bearer)[0], 200)
            chat = {"model": "words", "messages": [{"role": "user", "content": "hi"}]}
            self.assertEqual(service.request("POST", "/v1/chat/completions", chat, bearer)[0], 403)
            self.assertEqual(service.request("GET", "/api/keys", headers=bearer)[0], 403)
            self.assertEqual(service.request("GET", "/v1/models")[0], 401)
            service.sign_in()
            listed = json.loads(service.request("GET", "/api/keys")[2])["data"]
            self.assertEqual([key["id"] for key in listed], [made["id"]])
            self.assertNotIn(made["key"], json.dumps(listed))
            self.assertEqual(service.request("DELETE", f"/api/keys/{made['id']}")[0], 204)
            service.cookie = ""
            self.assertEqual(service.request("GET", "/v1/models", headers=bearer)[0], 401)
            for word in seine("key", "ls", "--data", service.data, "--lang", "zh").stdout, service.stop()[1]:
                self.assertNotIn(made["key"], word)

    def test_cookie_does_not_serve_other_origins(self):
        with Service("--model", SCRIPT) as service:
            service.sign_in()
            body = {"title": "x"}
            self.assertEqual(service.request("POST", "/api/chats", body, {"origin": "https://evil.example"})[0], 403)
            self.assertEqual(service.request("POST", "/api/chats", body, {"origin": f"http://127.0.0.1:{service.port}"})[0], 201)

    def test_usage_errors(self):
        with tempfile.TemporaryDirectory() as data:
            self.assertEqual(seine("key", "create", "x", "--scope", "root", "--data", data).returncode, 2)
            self.assertEqual(seine("key", "revoke", "key_none", "--data", data).returncode, 3)


class Chats(unittest.TestCase):
    def test_answers_in_chats_survive_a_kill(self):
        """A question whose run has begun and an answer whose end was told are there after kill -9 in the midst of others."""
        data = tempfile.mkdtemp(prefix="seine-chats-")
        words = ["--no-auth-on-loopback", "--model", SCRIPT]
        try:
            asked, answered = [], []
            with Service(*words, data=data) as service:
                def converse(number):
                    try:
                        chat = json.loads(service.request("POST", "/api/chats", {"title": str(number)})[2])["id"]
                        for i in range(200):
                            text = f"question {number}-{i}"
                            body = {"question": text, "chat_id": chat, "search": "off", "model": "words", "stream": False}
                            status, _, answer = service.request("POST", "/api/ask", body)
                            if status == 200:
                                asked.append((chat, json.loads(answer)["question_id"], text))
                                answered.append((chat, json.loads(answer)["answer_id"]))
                    except Exception:  # the service was killed under it
                        pass
                speakers = [threading.Thread(target=converse, args=(n,)) for n in range(4)]
                for speaker in speakers:
                    speaker.start()
                while len(answered) < 40 and any(speaker.is_alive() for speaker in speakers):
                    speakers[0].join(0.01)
                service.process.kill()
                for speaker in speakers:
                    speaker.join()
            self.assertGreaterEqual(len(answered), 40)
            with Service(*words, data=data) as service:
                messages = {}
                for chat in {chat for chat, _ in answered}:
                    for message in json.loads(service.request("GET", f"/api/chats/{chat}")[2])["messages"]:
                        messages[message["id"]] = message
                for _, message, text in asked:
                    self.assertEqual(messages[message]["text"], text)
                for _, message in answered:
                    self.assertEqual(messages[message]["text"], "Hello world")
                    self.assertEqual(messages[message]["state"], "complete")
                # What was under way at the kill does not claim to be still running.
                self.assertEqual([m["id"] for m in messages.values() if m["state"] == "running"], [])
        finally:
            shutil.rmtree(data, ignore_errors=True)

    def test_acknowledged_messages_survive_a_kill(self):
        """Chats that were answered 201 are there after kill -9 in the midst of writes."""
        data = tempfile.mkdtemp(prefix="seine-chats-")
        try:
            acknowledged = []
            with Service("--no-auth-on-loopback", data=data) as service:
                def write(number):
                    try:
                        for i in range(500):
                            status, _, text = service.request("POST", "/api/chats", {"title": f"{number}-{i}"})
                            if status == 201:
                                acknowledged.append(json.loads(text)["id"])
                    except Exception:  # the service was killed under it
                        pass
                writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
                for writer in writers:
                    writer.start()
                while len(acknowledged) < 100 and any(writer.is_alive() for writer in writers):
                    writers[0].join(0.01)
                service.process.kill()
                for writer in writers:
                    writer.join()
            self.assertGreaterEqual(len(acknowledged), 100)
            with Service("--no-auth-on-loopback", data=data) as service:
                found, cursor = set(), ""
                while True:
                    page = json.loads(service.request("GET", f"/api/chats?limit=200&cursor={cursor}")[2])
                    found |= {chat["id"] for chat in page["data"]}
                    cursor = page["next_cursor"]
                    if not cursor:
                        break
            self.assertEqual(set(acknowledged) - found, set())
        finally:
            shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    unittest.main()
