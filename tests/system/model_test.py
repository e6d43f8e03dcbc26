#!/usr/bin/env python3
"""Commands on model files, and what the service makes of a real engine: stop sequences, counted tokens, calls of tools. On tiny models."""
import json
import shutil
import tempfile
import time
import unittest
from pathlib import Path

from seine import ROOT, Service, seine

SHIPPED = str(ROOT / "models/seine-mini/model.gguf")
WORDS = "The Seine rises at Dijon and flows through Paris to the sea at Le Havre. " * 120


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = Path(tempfile.mkdtemp(prefix="seine-model-"))
        cls.models = {}
        for shape in ("tiny-qwen2", "tiny-deepseek2"):
            path = cls.dir / f"{shape}.gguf"
            made = seine("model", "synth", shape, "--type", "bf16", "--out", str(path))
            assert made.returncode == 0, made.stderr
            cls.models[shape] = str(path)
        cls.text = cls.dir / "text.txt"
        cls.text.write_text(WORDS)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir, ignore_errors=True)

    def json(self, *words):
        done = seine(*words, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_show_tells_what_is_there_and_what_it_takes(self):
        shown = self.json("model", "show", self.models["tiny-deepseek2"], "--context", "1000", "--batch", "3")
        self.assertEqual(shown["architecture"], "deepseek2")
        self.assertEqual((shown["layers"], shown["width"], shown["vocabulary"]), (3, 256, 1024))
        self.assertEqual(shown["template"], "file")
        self.assertEqual(shown["parameters"], sum(part["weights"] for part in shown["types"]))
        self.assertIn([1024, 256], [tensor["shape"] for tensor in shown["tensors"]])
        memory = shown["memory"]
        self.assertGreaterEqual(memory["kv_bytes"], 3 * 1000 * memory["kv_bytes_per_token"])
        parts = ("weights_bytes", "copies_bytes", "tables_bytes", "activations_bytes", "kv_bytes")
        self.assertEqual(memory["total_bytes"], sum(memory[part] for part in parts))
        self.assertGreater(memory["available_bytes"], 0)
        self.assertTrue(memory["fits"])
        one = self.json("model", "show", self.models["tiny-deepseek2"], "--context", "1000")
        self.assertLess(one["memory"]["kv_bytes"], memory["kv_bytes"])

    def test_show_speaks_both_languages(self):
        for language, word in (("en", "it fits"), ("zh", "放得下")):
            done = seine("model", "show", self.models["tiny-qwen2"], "--lang", language)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(word, done.stdout)

    def test_show_refuses_what_is_no_model(self):
        self.assertNotEqual(seine("model", "show", str(self.text)).returncode, 0)
        done = seine("model", "show", self.models["tiny-qwen2"], "--context", "99999")
        self.assertEqual(done.returncode, 2)
        self.assertIn("4,096", done.stderr)

    def test_what_does_not_fit_is_refused_with_the_numbers(self):
        config = self.dir / "small.toml"
        config.write_text('[model]\nmemory_max = "1MiB"\n')
        done = seine("generate", "hello", "--model", self.models["tiny-qwen2"], "--config", str(config))
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn("MiB", done.stderr)

    def test_quantize_and_what_it_costs(self):
        source = self.models["tiny-qwen2"]
        for kind, most in (("q8_0", 0.05), ("q4_0", 5), ("q4_k_m", 5)):
            target = str(self.dir / f"{kind}.gguf")
            report = self.json("model", "quantize", source, target, "--type", kind)
            self.assertLess(report["bytes_after"], report["bytes_before"])
            if kind != "q8_0":
                self.assertGreaterEqual(report["saved_of_bf16_percent"], 60)
            cost = self.json("model", "eval", target, "--suite", "kl", "--base", source, "--data", str(self.text), "--window", "128", "--limit", "2")
            self.assertLess(cost["kl"], most)
            self.assertGreater(cost["perplexity"], 1)
        calibrated = self.json("model", "quantize", source, str(self.dir / "c.gguf"), "--type", "q4_0", "--calibrate", str(self.text))
        self.assertGreaterEqual(calibrated["saved_of_bf16_percent"], 60)
        alone = self.json("model", "eval", source, "--suite", "perplexity", "--data", str(self.text), "--window", "128", "--limit", "2")
        self.assertNotIn("kl", alone)

    def test_questions_without_an_answer_count_apart(self):
        data, cases = self.dir / "qa.jsonl", self.dir / "cases.jsonl"
        data.write_text("\n".join(json.dumps(row) for row in (
            {"title": "Seine", "context": "The Seine is a river in northern France. It is 777 kilometres long.", "qas": [
                {"q": "How long is the Seine?", "a": ["777 kilometres"]},
                {"q": "Who painted the ceiling of the opera?", "a": []}]},
            {"title": "Bridge", "context": "The oldest bridge of Paris is called Pont Neuf. It was finished in 1607.", "qas": [
                {"q": "When was the oldest bridge of Paris finished?", "a": ["1607", "in 1607"]}]})))
        report = self.json("model", "eval", SHIPPED, "--suite", "qa", "--data", str(data), "--distractors", "1", "--cases", str(cases))
        self.assertEqual((report["questions"], report["unanswerable"]), (3, 1))
        self.assertEqual((report["literal"], report["answered"], report["caught"]), (100, 100, 100))
        self.assertEqual((report["f1"], report["citation_precision"]), (100, 100))
        told = [json.loads(line) for line in cases.read_text().splitlines()]
        self.assertEqual([case["given"] for case in told], ["777 kilometres", "", "1607"])
        self.assertEqual([len(case["parts"]) for case in told], [2, 2, 2])
        self.assertEqual([sum(part["holds_answer"] for part in case["parts"]) for case in told], [1, 0, 1])
        missing = self.json("model", "eval", SHIPPED, "--suite", "qa", "--data", str(data), "--distractors", "1", "--missing")
        self.assertEqual((missing["questions"], missing["unanswerable"], missing["f1"]), (3, 3, 0))
        self.assertEqual(seine("model", "eval", SHIPPED, "--suite", "qa", "--data", str(data), "--cases", str(self.dir / "no" / "x")).returncode, 5)

    def test_slips_are_named(self):
        source = self.models["tiny-qwen2"]
        for words, code, said in (
            (("model", "quantize", source), 2, "IN OUT"),
            (("model", "quantize", source, source), 2, "being read"),
            (("model", "quantize", source, str(self.dir / "x"), "--type", "q3"), 2, "q4_k_m"),
            (("model", "eval", source, "--suite", "kl", "--data", str(self.text)), 2, "--base"),
            (("model", "eval", source, "--suite", "perplexity"), 2, "--data"),
            (("model", "eval", source, "--suite", "intent", "--data", str(self.dir / "none")), 3, "none"),
        ):
            done = seine(*words)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(said, done.stderr)
            self.assertEqual(done.stdout, "")
        self.assertFalse((self.dir / "x").exists())


class Served(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = Path(tempfile.mkdtemp(prefix="seine-model-"))
        path = cls.dir / "tiny.gguf"
        made = seine("model", "synth", "tiny-deepseek2", "--type", "q8_0", "--out", str(path))
        assert made.returncode == 0, made.stderr
        cls.service = Service("--model", str(path), "--no-auth-on-loopback")

    @classmethod
    def tearDownClass(cls):
        cls.service.__exit__()
        shutil.rmtree(cls.dir, ignore_errors=True)

    def post(self, path, body):
        status, _, text = self.service.request("POST", path, body)
        return status, json.loads(text)

    def models(self, *more):
        """What `seine model ls` says of the service."""
        done = seine("model", "ls", "--data", self.service.data, *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def wait_for(self, model, state):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            listed = {entry["id"]: entry["state"] for entry in json.loads(self.models("--json"))["data"]}
            if listed[model] == state:
                return
            time.sleep(0.1)
        self.fail(f"{model} did not become {state}: {listed}")

    def test_models_are_listed_loaded_and_let_go(self):
        self.assertRegex(self.models(), r"\* tiny +ready +\S+ KiB|\* tiny +ready +\S+ MiB")
        self.assertRegex(self.models("--lang", "zh"), r"\* tiny +就绪")
        for verb, state in (("unload", "unloaded"), ("load", "ready")):
            done = seine("model", verb, "tiny", "--data", self.service.data)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.wait_for("tiny", state)
        unknown = seine("model", "load", "nobody", "--data", self.service.data)
        self.assertEqual(unknown.returncode, 3, unknown.stderr)
        with tempfile.TemporaryDirectory() as data:
            alone = seine("model", "load", "tiny", "--data", data, "--lang", "zh")
            self.assertNotEqual(alone.returncode, 0)
            self.assertIn("seine up", alone.stderr)

    def test_a_stop_sequence_is_named(self):
        body = {"model": "tiny", "max_tokens": 40, "temperature": 0, "messages": [{"role": "user", "content": "go on"}]}
        status, free = self.post("/v1/messages", body)
        self.assertEqual(status, 200, free)
        self.assertEqual((free["stop_reason"], free["stop_sequence"]), ("max_tokens", None))
        said = free["content"][0]["text"]
        stop = said[40:44]
        status, cut = self.post("/v1/messages", {**body, "stop_sequences": ["never said, this", stop]})
        self.assertEqual(status, 200, cut)
        self.assertEqual((cut["stop_reason"], cut["stop_sequence"]), ("stop_sequence", stop))
        shown = cut["content"][0]["text"] if cut["content"] else ""
        self.assertEqual(shown, said[: said.index(stop)])

    def test_tokens_are_counted_as_they_are_read(self):
        body = {"model": "tiny", "system": "Be brief.", "messages": [{"role": "user", "content": "How long is it? " * 9}]}
        status, counted = self.post("/v1/messages/count_tokens", body)
        self.assertEqual(status, 200, counted)
        _, read = self.post("/v1/messages", {**body, "max_tokens": 2})
        usage = read["usage"]
        self.assertEqual(usage["input_tokens"] + usage.get("cache_read_input_tokens", 0), counted["input_tokens"])

    def test_a_tool_that_must_be_called_is_called(self):
        tool = {
            "type": "function",
            "function": {
                "name": "weather",
                "strict": True,
                "parameters": {"type": "object", "properties": {"city": {"enum": ["Paris", "Lyon"]}}, "required": ["city"], "additionalProperties": False},
            },
        }
        body = {"model": "tiny", "messages": [{"role": "user", "content": "warm?"}], "tools": [tool], "max_tokens": 400, "parallel_tool_calls": False}
        for choice in ("required", {"type": "function", "function": {"name": "weather"}}):
            status, answer = self.post("/v1/chat/completions", {**body, "tool_choice": choice})
            self.assertEqual(status, 200, answer)
            message = answer["choices"][0]["message"]
            self.assertEqual(len(message["tool_calls"]), 1)
            call = message["tool_calls"][0]["function"]
            self.assertEqual(call["name"], "weather")
            self.assertIn(json.loads(call["arguments"])["city"], ("Paris", "Lyon"))
            self.assertEqual(answer["choices"][0]["finish_reason"], "tool_calls")
        status, refused = self.post("/v1/chat/completions", {**body, "tool_choice": {"type": "function", "function": {"name": "other"}}})
        self.assertEqual(status, 400, refused)


if __name__ == "__main__":
    unittest.main()
