#!/usr/bin/env python3
"""What a newcomer meets, with no internet: the documentation and the example questions answered from it, the sample site, a
conversation in the terminal, the OpenAPI document, a stream that is taken up again."""
import http.client
import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from seine import BINARY, ROOT, Service, environment, seine

# What the console offers on its empty page (console/src/i18n/*_chat.ts), and what a true answer says.
EXAMPLES = {
    "en": {"leaves": ("search words", "privacy"), "citations": ("numbers", "citations"),
           "model": ("--model", "models"), "backup": ("seine backup", "operations")},
    "zh": {"leaves": ("搜索词", "privacy"), "citations": ("数字", "citations"),
           "model": ("--model", "models"), "backup": ("seine backup", "operations")},
}

# In other words than the console's, and what else newcomers ask.
FURTHER = {
    "en": {"How do I make a backup?": ("seine backup", "operations"), "How do I restore a backup?": ("seine restore", "operations"),
           "Where is the data kept?": ("~/.local/share/seine", "operations"), "How do I change a setting?": ("seine config set", "operations"),
           "Can Seine read PDF files?": ("PDF", "asking-the-web"), "How do I make an API key?": ("seine key create", "keys-and-clients")},
    "zh": {"怎样做备份？": ("seine backup", "operations"), "如何恢复备份？": ("seine restore", "operations"),
           "数据存放在哪里？": ("~/.local/share/seine", "operations"), "怎样修改设置？": ("seine config set", "operations"),
           "怎样创建 API 密钥？": ("seine key create", "keys-and-clients")},
}


def example_questions(language: str) -> dict[str, str]:
    text = (ROOT / f"console/src/i18n/{language}_chat.ts").read_text(encoding="utf-8")
    return dict(re.findall(r'"welcome\.(\w+)\.question":\s*"([^"]+)"', text))


def read_until(fd: int, marks: list[str], seconds: float) -> str:
    """What a terminal shows until one of the marks stands in it."""
    shown = ""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ready, _, _ = select.select([fd], [], [], 0.5)
        if not ready:
            continue
        try:
            piece = os.read(fd, 65536)
        except OSError:
            return shown
        if not piece:
            return shown
        shown += piece.decode(errors="replace")
        if any(mark in shown for mark in marks):
            return shown
    raise AssertionError(f"none of {marks} within {seconds} s; shown: {shown[-2000:]}")


class Documentation(unittest.TestCase):
    def test_pages_are_served_safely_in_both_languages(self):
        with Service() as service:
            for path, language, words in (("/docs", "en", "Seine documentation"), ("/docs/zh", "zh-CN", "Seine 文档"),
                                          ("/docs/concepts/privacy", "en", "egress guard"), ("/docs/zh/guides/operations", "zh-CN", "备份")):
                status, headers, text = service.request("GET", path)
                self.assertEqual(status, 200, path)
                self.assertIn("default-src 'none'", headers["content-security-policy"])
                self.assertTrue(headers["content-type"].startswith("text/html"))
                self.assertIn(f'<html lang="{language}">', text)
                self.assertIn(words, text)
                self.assertNotIn("<script", text)
            self.assertEqual(service.request("GET", "/docs/none")[0], 404)
            status, headers, _ = service.request("GET", "/docs/style.css")
            self.assertEqual((status, headers["content-type"]), (200, "text/css; charset=utf-8"))
            _, headers, _ = service.request("GET", "/docs")
            self.assertEqual(service.request("GET", "/docs", None, {"if-none-match": headers["etag"]})[0], 304)

    def ask_examples(self, model: str):
        with Service(**({"SEINE_MODEL": model} if model else {})) as service:
            service.wait_for_model()
            wait_for_docs(service)
            for language, examples in EXAMPLES.items():
                questions = example_questions(language)
                asked = [(name, questions[name], *wanted) for name, wanted in examples.items()]
                asked += [("further", question, *wanted) for question, wanted in FURTHER[language].items()]
                base = service.url + ("/docs/zh" if language == "zh" else "/docs")
                for name, question, words, page in asked:
                    body = {"question": question, "sites": [base], "language": language, "stream": False}
                    status, _, text = service.request("POST", "/api/ask", body)
                    self.assertEqual(status, 200, text)
                    answer = json.loads(text)
                    told = f"{language} {name} {question} ({model or 'shipped'}): {answer['by']}: {answer['text']}"
                    self.assertEqual(answer["state"], "complete", told)
                    self.assertIn(words, answer["text"], told)
                    source = next(s for s in answer["sources"] if s["id"] == answer["citations"][0]["source_id"])
                    self.assertTrue(source["url"].startswith(base), told)
                    self.assertTrue(source["url"].endswith("/" + page), told)
                    self.assertEqual(source["from"], "index", told)
                    self.assertEqual(answer["citations"][0]["support"], "supported", told)
                    # The cited page opens at its sentence, and at its own address.
                    snapshot = json.loads(service.request("GET", "/api/snapshots/" + source["snapshot"])[2])
                    span = answer["citations"][0]["span"]
                    self.assertEqual(snapshot["markdown"].encode()[span["start"]:span["end"]].decode(), answer["citations"][0]["quote"])
                    self.assertTrue(snapshot["site"], told)
                    self.assertEqual(service.request("GET", source["url"].removeprefix(service.url))[0], 200)

    def test_examples_are_answered_with_the_shipped_model(self):
        self.ask_examples("")

    def test_examples_are_answered_without_a_model(self):
        self.ask_examples("none")

    def test_a_question_about_seine_finds_the_documentation_and_others_do_not(self):
        with Service(SEINE_MODEL="none", SEINE_SEARCH_PROVIDERS="index") as service:
            service.sign_in()
            wait_for_docs(service)
            status, _, text = service.request("POST", "/api/ask", {"question": "How do I back up Seine?", "search": "on", "stream": False})
            self.assertEqual(status, 200, text)
            answer = json.loads(text)
            self.assertIn("seine backup", answer["text"])
            self.assertTrue(answer["sources"][0]["url"].startswith(service.url + "/docs/"), answer["sources"])
            for question in ("How long is the river Seine?", "Who painted the bridges of Paris?", "塞纳河有多长？"):
                answer = json.loads(service.request("POST", "/api/ask", {"question": question, "search": "on", "stream": False})[2])
                self.assertEqual((answer["state"], answer["sources"]), ("not_found", []), question)

    def test_the_index_outlives_the_process(self):
        with tempfile.TemporaryDirectory() as data:
            for _ in range(2):
                result = seine("ask", "How do I back up Seine?", "--site", "http://127.0.0.1:8480/docs", "--data", data, "--json", SEINE_MODEL="none")
                self.assertEqual(result.returncode, 0, result.stderr)
                answer = json.loads(result.stdout)
                self.assertIn("seine backup", answer["text"])
                self.assertEqual(answer["sources"][0]["from"], "index")


def wait_for_docs(service: Service) -> None:
    """The documentation is indexed in the background; a slow machine takes longer than an answer may."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        body = {"question": "How do I back up Seine?", "sites": [service.url + "/docs"], "stream": False}
        if json.loads(service.request("POST", "/api/ask", body)[2])["state"] == "complete":
            return
    raise AssertionError("the documentation was not indexed within 120 s")


class Demo:
    """`seine demo` on a port of the kernel's choice."""

    def __enter__(self):
        self.process = subprocess.Popen([str(BINARY), "demo", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=environment(), text=True)
        shown = ""
        deadline = time.monotonic() + 30
        while "Ctrl+C" not in shown:
            if not select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"seine demo said only: {shown}")
            # Not readline: what it keeps for itself, select does not see.
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                raise AssertionError(f"seine demo ended: {shown} {self.process.stderr.read()}")
            shown += piece.decode()
        self.shown = shown
        self.url = re.search(r"http://127\.0\.0\.1:\d+", shown).group(0)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.code = self.process.wait(30)
        self.process.stdout.close()
        self.process.stderr.close()


class SampleSite(unittest.TestCase):
    def test_what_it_tells_to_try_works(self):
        with Demo() as demo, tempfile.TemporaryDirectory() as data:
            self.assertIn("--site", demo.shown)
            for question, site, words in (("When does the museum close on Sunday?", "/", "17:00"), ("最古老的船是哪一年建造的？", "/zh", "1868")):
                result = seine("ask", question, "--site", demo.url + site, "--data", data)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn(words, result.stdout)
            today = seine("web", "read", demo.url + "/today", "--data", data)
            self.assertEqual(today.returncode, 0, today.stderr)
            self.assertIn("water level", today.stdout)
            prices = seine("web", "fetch", demo.url + "/prices", "--data", data)
            self.assertEqual(prices.returncode, 0, prices.stderr)
            self.assertNotIn("euros", prices.stdout)
            watch = seine("web", "watch", demo.url + "/today", "--every", "1m", "--data", data)
            self.assertEqual(watch.returncode, 0, watch.stderr)
            check = seine("web", "watch", "check", watch.stdout.strip(), "--data", data, "--json")
            self.assertEqual(json.loads(check.stdout)["result"], "first", check.stderr)
            crawl = seine("web", "crawl", demo.url + "/", "--data", data, "--json")
            self.assertEqual(crawl.returncode, 0, crawl.stderr)
        self.assertEqual(demo.code, 0)
        self.assertEqual(seine("demo", "--listen", "nowhere").returncode, 2)
        self.assertIn("示例站点", seine("--help", SEINE_LANG="zh").stdout)


    def test_its_script_made_page_is_rendered(self):
        if not any(os.access(p, os.X_OK) for p in ("/usr/lib/chromium/chromium-headless-shell", "/usr/bin/chromium-headless-shell")):
            self.skipTest("skipped: no browser is installed")
        with Demo() as demo, tempfile.TemporaryDirectory() as data:
            page = seine("web", "read", demo.url + "/prices", "--data", data)
            self.assertEqual(page.returncode, 0, page.stderr)
            self.assertIn("9 euros", page.stdout)
            asked = seine("ask", "How much does a ticket cost?", "--site", demo.url + "/prices", "--data", data)
            self.assertIn("9 euros", asked.stdout, asked.stderr)


class OwnIndex(unittest.TestCase):
    def test_what_was_crawled_answers_when_the_site_is_out_of_reach(self):
        """A site on this machine, which only the operator may have read; then one that is gone."""
        with tempfile.TemporaryDirectory() as data:
            with Demo() as demo, Service(data=data, SEINE_MODEL="none", SEINE_SEARCH_PROVIDERS="index") as service:
                crawl = seine("web", "crawl", demo.url + "/", "--data", data)
                self.assertEqual(crawl.returncode, 0, crawl.stderr)
                service.sign_in()
                self.ask(service, demo.url)
            with Service(data=data, SEINE_MODEL="none", SEINE_SEARCH_PROVIDERS="index") as service:
                service.sign_in()
                self.ask(service, demo.url)
            # What the operator has forbidden since is not told from the copy.
            with Service(data=data, SEINE_MODEL="none", SEINE_SEARCH_PROVIDERS="index", SEINE_WEB_DENIED_DOMAINS="127.0.0.1") as service:
                service.sign_in()
                body = {"question": "When does the museum close on Sunday?", "search": "on", "stream": False}
                self.assertNotIn("17:00", service.request("POST", "/api/ask", body)[2])

    def ask(self, service: Service, site: str) -> None:
        body = {"question": "When does the museum close on Sunday?", "search": "on", "stream": False}
        status, _, text = service.request("POST", "/api/ask", body)
        self.assertEqual(status, 200, text)
        answer = json.loads(text)
        self.assertIn("17:00", answer["text"], text)
        source = next(s for s in answer["sources"] if s["id"] == answer["citations"][0]["source_id"])
        self.assertEqual((source["url"], source["from"], source["state"]), (site + "/hours", "index", "cited"))
        asked = {"model": "default:online", "max_tokens": 100, "messages": [{"role": "user", "content": body["question"]}]}
        status, _, text = service.request("POST", "/v1/messages", asked)
        self.assertEqual(status, 200, text)
        cited = json.loads(text)["content"][0]["citations"][0]
        self.assertEqual(cited["url"], site + "/hours")
        self.assertIn("17:00", cited["cited_text"])


class Readme(unittest.TestCase):
    """The transcripts of both READMEs are what the program says, but for its times and addresses."""

    def shown(self, text: str) -> list[str]:
        text = re.sub(r"http://127\.0\.0\.1:\d+", "ADDRESS", text)
        return [line.strip() for line in re.sub(r"[\d.]+ (ms|s\b|秒)", r"0 \1", text).splitlines() if line.strip()]

    def test_transcripts(self):
        for name, language in (("README.md", "en"), ("README.zh-CN.md", "zh")):
            blocks = [block for block in (ROOT / name).read_text(encoding="utf-8").split("```") if block.lstrip().startswith("$ ")]
            told = {re.search(r"(\./run|seine demo)", block).group(1): block for block in blocks}
            with Demo() as demo, tempfile.TemporaryDirectory() as data:
                command = re.search(r'^\$ seine (ask .*)$', told["seine demo"], re.M).group(1)
                words = shlex.split(re.sub(r"http://127\.0\.0\.1:\d+", demo.url, command))
                done = subprocess.run([str(BINARY), *words, "--data", data], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True, timeout=120, env=environment(SEINE_LANG=language))
                self.assertEqual(self.shown(done.stdout), self.shown(told["seine demo"].split(command)[1]))
            with Service(SEINE_LANG=language) as service:
                said = re.sub(r"token=\S+", "token=TOKEN", service.report).replace(service.data, "DATA")
                told_up = re.sub(r"token=\S+", "token=TOKEN", told["./run"].split("./run", 1)[1]).replace("/home/you/.local/share/seine", "DATA")
                # The last line may not have been read to its end.
                self.assertEqual(self.shown(told_up)[:-1], self.shown(said)[:-1])
                self.assertIn("Ctrl+C", self.shown(told_up)[-1])


class OpenApi(unittest.TestCase):
    def test_the_document_is_that_of_a_running_service(self):
        result = seine("openapi")
        self.assertEqual(result.returncode, 0, result.stderr)
        document = json.loads(result.stdout)
        self.assertIn("/api/runs/{id}/events", document["paths"])
        with Service() as service:
            self.assertEqual(json.loads(service.request("GET", "/openapi.json")[2]), document)


class Conversation(unittest.TestCase):
    def test_over_a_pipe(self):
        with Demo() as demo, Service() as service:
            lines = f'/site {demo.url}/\nWhich boat is the oldest?\n"""\nHow many passengers\ndoes the ferry take?\n"""\n/nonsense\n/site {demo.url}/\nHow much does the lock gate weigh?\n'
            result = subprocess.run([str(BINARY), "chat", "--data", service.data], input=lines, capture_output=True, text=True, timeout=120, env=environment())
            self.assertEqual(result.returncode, 0, result.stderr)
            for words in ("Hirondelle", "60 passengers", "11 tonnes", demo.url + "/collection"):
                self.assertIn(words, result.stdout)
            self.assertIn("/nonsense", result.stderr)
            service.sign_in()
            chats = json.loads(service.request("GET", "/api/chats")[2])["data"]
            self.assertEqual([chat["title"] for chat in chats], ["Which boat is the oldest?"])
            messages = json.loads(service.request("GET", f"/api/chats/{chats[0]['id']}")[2])["messages"]
            self.assertEqual([message["role"] for message in messages], ["user", "assistant"] * 3)
            self.assertEqual(messages[2]["parent_id"], messages[1]["id"])
            saved = Path(service.data) / "talk.md"
            again = subprocess.run([str(BINARY), "chat", "--data", service.data, "--chat", chats[0]["id"]], input=f"/save {saved}\n/exit\n", capture_output=True,
                                   text=True, timeout=60, env=environment())
            self.assertEqual(again.returncode, 0, again.stderr)
            self.assertIn("Hirondelle", again.stdout)
            self.assertIn("Hirondelle", saved.read_text(encoding="utf-8"))

    def test_without_a_model_it_says_how_to_get_one(self):
        for language, words in (("en", "seine up --model FILE.gguf"), ("zh", "seine up --model 文件.gguf")):
            with tempfile.TemporaryDirectory() as data:
                result = subprocess.run([str(BINARY), "chat", "--data", data], input="/help\n", capture_output=True, text=True, timeout=60,
                                        env=environment(SEINE_MODEL="none", SEINE_LANG=language))
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn(words, result.stderr)
                self.assertIn("/search", result.stderr)

    def test_ctrl_c_stops_the_answer_and_twice_leaves(self):
        with Script(times=100_000, pause_ms=50) as script, Service(SEINE_MODEL=script) as service:
            service.wait_for_model()
            pid, fd = pty.fork()
            if pid == 0:
                os.execve(str(BINARY), [str(BINARY), "chat", "--data", service.data, "--search", "off"], environment(TERM="xterm"))
            try:
                read_until(fd, ["> "], 60)
                os.write(fd, b"tell me more\n")
                read_until(fd, ["word"], 60)
                os.write(fd, b"\x03")
                read_until(fd, ["stopped"], 30)
                os.write(fd, b"\x03")
                read_until(fd, ["once more"], 30)
                os.write(fd, b"\x03")
                deadline = time.monotonic() + 30
                while time.monotonic() < deadline:
                    ended, status = os.waitpid(pid, os.WNOHANG)
                    if ended:
                        self.assertEqual(os.waitstatus_to_exitcode(status), 130)
                        break
                    read_until_quiet(fd)
                else:
                    self.fail("Ctrl+C twice did not end it")
            finally:
                os.close(fd)
            chat = json.loads(service.request("GET", "/api/chats")[2])["data"][0]["id"]
            last = json.loads(service.request("GET", f"/api/chats/{chat}")[2])["messages"][-1]
            self.assertEqual(last["state"], "stopped")
            self.assertIn("word", last["text"])


class Script:
    """A model that says "word " so often, with a pause before each."""

    def __init__(self, times: int, pause_ms: int):
        self.steps = [{"text": "word ", "times": times, "pause_ms": pause_ms}]

    def __enter__(self) -> str:
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "script.json"
        path.write_text(json.dumps({"models": [{"id": "words", "context_tokens": 4096, "steps": self.steps}]}), encoding="utf-8")
        return f"scripted:{path}"

    def __exit__(self, *_):
        self.folder.cleanup()


def read_until_quiet(fd: int) -> None:
    if select.select([fd], [], [], 0.2)[0]:
        try:
            os.read(fd, 65536)
        except OSError:
            pass


class TakenUpAgain(unittest.TestCase):
    def events(self, service: Service, run: str, last: str | None = None) -> list[tuple[str, str, dict]]:
        headers = {"last-event-id": last} if last is not None else {}
        status, _, text = service.request("GET", f"/api/runs/{run}/events", None, headers)
        self.assertEqual(status, 200, text)
        out = []
        for block in text.strip().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
            if "event" in fields:
                out.append((fields["event"], fields.get("id", ""), json.loads(fields["data"])))
        return out

    def test_a_run_of_a_chat_is_followed_from_any_event(self):
        with Script(times=60, pause_ms=50) as script, Service(SEINE_MODEL=script) as service:
            service.wait_for_model()
            chat = json.loads(service.request("POST", "/api/chats", {})[2])["id"]
            connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
            connection.request("POST", "/api/ask", json.dumps({"question": "Tell me more", "chat_id": chat, "search": "off"}),
                               {"cookie": service.cookie, "content-type": "application/json"})
            stream = connection.getresponse()
            start = b""
            while b"\n\n" not in start:
                start += stream.read1()
            connection.close()  # the page is loaded anew
            self.assertIn(b"\nid: 0\n", start)
            messages = json.loads(service.request("GET", f"/api/chats/{chat}")[2])["messages"]
            run = messages[-1]["run_id"]
            self.assertEqual(messages[-1]["state"], "running")
            whole = self.events(service, run)
            self.assertEqual([event[0] for event in whole][::len(whole) - 1], ["start", "done"])
            self.assertEqual([event[1] for event in whole], [str(i) for i in range(len(whole))])
            text = "".join(data["text"] for name, _, data in whole if name == "text")
            self.assertEqual(text.strip(), " ".join(["word"] * 60))
            later = self.events(service, run, "5")
            self.assertIn(later, (whole[6:], [("done", "", whole[-1][2])]))

    def test_a_run_that_has_ended_tells_its_end(self):
        with Service(SEINE_MODEL="none") as service:
            service.sign_in()
            wait_for_docs(service)
            body = {"question": "How do I back up Seine?", "sites": [service.url + "/docs"], "stream": False}
            answer = json.loads(service.request("POST", "/api/ask", body)[2])
            events = self.events(service, answer["run_id"])
            self.assertEqual([(name, data) for name, _, data in events], [("done", answer)])
            self.assertEqual(service.request("GET", "/api/runs/none/events")[0], 404)
            self.assertEqual(service.request("GET", f"/api/runs/{answer['run_id']}/events", None, {"last-event-id": "x"})[0], 400)


class Providers(unittest.TestCase):
    def test_the_console_learns_which_are_there(self):
        with Service(SEINE_SEARCH_PROVIDERS="index,brave") as service:
            service.sign_in()
            status, _, text = service.request("GET", "/api/search_providers")
            self.assertEqual(status, 200, text)
            self.assertEqual([(p["id"], p["state"]) for p in json.loads(text)["data"]], [("index", "ready"), ("brave", "no_key")])


if __name__ == "__main__":
    unittest.main()
