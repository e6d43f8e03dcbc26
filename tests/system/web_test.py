#!/usr/bin/env python3
"""The web verbs of the real binary against a small loopback site: search, fetch, read, extract, crawl, watch; --json, exit codes, both languages."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import re
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from seine import BINARY, Service, environment, seine

ARTICLE = ("<p>The Seine is a river in northern France. It rises at Source-Seine near Dijon and flows for 777 kilometres through Paris "
           "to the English Channel at Le Havre. Ships of the sea can reach Rouen, which lies 120 kilometres from its mouth.</p>"
           "<p>Its largest tributary is the Marne. The river has been the heart of the region since the Middle Ages, and nearly half "
           "of the country's inland freight is carried on it and on the canals that lead to it.</p>")
PAGES = {
    "/": f'<h1>Rivers</h1>{ARTICLE}<a href="/loire">The Loire</a> <a href="/deep/one">One</a>',
    "/loire": f"<h1>The Loire</h1><p>The Loire is 1,006 kilometres long and the longest river of France.</p>{ARTICLE}",
    "/deep/one": f'<h1>One</h1>{ARTICLE}<a href="/deep/two">Two</a>',
    "/deep/two": f"<h1>Two</h1><p>Nobody finds the quetzal here.</p>{ARTICLE}",
    "/zh": "<h1>塞纳河</h1><p>塞纳河是法国北部的一条河流，发源于勃艮第的朗格勒高原，全长777公里，流经巴黎市中心，在勒阿弗尔附近注入英吉利海峡。</p>" * 3,
    "/shop": "<h1>Shop</h1><div id=price><p>Apples cost {price} euro today.</p></div><p>Views: {asked}</p>" + ARTICLE,
    **{f"/long/{page}": f"<h1>Long {page}</h1>{ARTICLE * 80}" for page in range(1, 9)},
    **{f"/days/{day}": f'<h1>Day {day}</h1>{ARTICLE}<a href="/days/{day + 1}">Tomorrow</a>' for day in range(1, 6)},
    "/shell": "<div id=root></div><script>root.innerHTML = '<h1>Made</h1><p>' + 'These words come from a script. '.repeat(20) + '</p>'</script>",
}


class Site:
    """A small web site on loopback; `price` is what the shop asks for now. Takes webhooks at /hook."""

    def __enter__(self):
        site = self
        self.price = 3
        self.asked = []
        self.hooks = []
        self.hook_status = 204
        self.search_status = 200
        self.changed = threading.Condition()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, body=b"", **fields):
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                with site.changed:
                    site.asked.append(self.path)
                    site.changed.notify_all()
                if self.path == "/moved":
                    return self.answer(301, location="/loire")
                if self.path == "/refresh":
                    return self.answer(200, b'<meta http-equiv="Refresh" content="0; url=/loire">', content_type="text/html")
                if self.path == "/refresh-loop":
                    here = b"<meta http-equiv=refresh content='0; url=/refresh-loop?%d'>" % len(site.asked)
                    return self.answer(200, here, content_type="text/html")
                if self.path.startswith("/refresh-loop?"):
                    here = b"<meta http-equiv=refresh content='0; url=/refresh-loop?%d'>" % len(site.asked)
                    return self.answer(200, here, content_type="text/html")
                if self.path == "/refresh-private":
                    return self.answer(200, b"<meta http-equiv=refresh content='0; url=http://127.0.0.2:1/'>", content_type="text/html")
                if self.path == "/robots.txt":
                    return self.answer(200, b"User-agent: *\nDisallow: /private\n", content_type="text/plain")
                if self.path.startswith("/search?"):
                    hits = [{"url": "https://a.example/", "title": "The Seine", "content": "777 km"}]
                    return self.answer(site.search_status, json.dumps({"results": hits, "unresponsive_engines": []}).encode())
                page = PAGES.get(self.path)
                if page is None:
                    return self.answer(404, b"not here", content_type="text/plain")
                text = page.replace("{price}", str(site.price)).replace("{asked}", str(len(site.asked)))
                title = re.search("<h1>(.*?)</h1>", page).group(1) if page.startswith("<h1>") else "Made"
                body = f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title></head><body><main>{text}</main></body></html>"
                self.answer(200, body.encode(), content_type="text/html; charset=utf-8")

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with site.changed:
                    site.hooks.append((dict(self.headers.items()), body))
                    status = site.hook_status
                    site.changed.notify_all()
                self.answer(status)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def wait(self, holds):
        with self.changed:
            return self.changed.wait_for(holds, 60)

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def sign(secret, ident, stamp, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    code = hmac.new(key, f"{ident}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(code).decode()


class WebVerbs(unittest.TestCase):
    def setUp(self):
        self.site = Site().__enter__()
        self.addCleanup(self.site.__exit__)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.data = self.folder.name + "/data"

    def web(self, verb, *words, code=0, **extra):
        done = seine("web", *verb.split(), *words, "--data", self.data, SEINE_WEB_ENDPOINTS=self.site.url, **extra)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def json(self, verb, *words, code=0, **extra):
        return json.loads(self.web(verb, *words, "--json", code=code, **extra).stdout)

    def test_fetch(self):
        url = self.site.url
        plain = self.web("fetch", url + "/loire")
        self.assertIn("<h1>The Loire</h1>", plain.stdout)
        told = self.json("fetch", url + "/moved")
        self.assertEqual((told["status"], told["final_url"], told["redirects"][0]["status"]), (200, url + "/loire", 301))
        self.assertEqual(self.web("fetch", url + "/none", code=3).stdout, "not here")
        self.assertEqual(self.json("fetch", url + "/private/x", code=4)["verdict"], "robots")
        self.assertEqual(self.json("fetch", url + "/refresh-private", code=4)["verdict"], "refused")
        self.assertEqual(self.json("fetch", "nonsense", code=2)["verdict"], "bad_url")
        self.assertIn("不是有效的网址", self.web("fetch", "nonsense", code=2, SEINE_LANG="zh").stderr)

    def test_read(self):
        url = self.site.url
        page = self.json("read", url + "/loire")
        self.assertEqual((page["title"], page["status"], page["from"]), ("The Loire", 200, "network"))
        self.assertIn("1,006 kilometres", page["markdown"])
        self.assertEqual(page["render_reason"], "has_text")
        plain = self.web("read", url + "/zh", SEINE_LANG="zh")
        self.assertIn("全长777公里", plain.stdout)
        self.assertIn("来源：网络", plain.stderr)
        self.assertIn("静态页面已有正文", plain.stderr)
        chosen = self.web("read", url + "/shop", "--selector", "#price")
        self.assertEqual(chosen.stdout.strip(), "Apples cost 3 euro today.")
        self.assertEqual(self.json("read", url + "/shop", "--selector", "#none", code=5)["verdict"], "empty")
        self.web("read", url + "/shop", "--selector", "a:hover", code=2)
        # Kept, and without the network.
        self.assertIn("1,006", self.web("read", url + "/loire", "--offline").stdout)
        self.assertEqual(self.json("read", url + "/never", "--offline", code=8)["verdict"], "offline")
        self.assertEqual(self.json("read", url + "/none", code=3)["verdict"], "not_found")

    def test_domains_are_kept_to(self):
        url = self.site.url
        self.assertIn("1,006", self.web("read", url + "/loire", "--allowed-domains", "example.org,127.0.0.1").stdout)
        # What is kept is no way around it either.
        for words in (("--allowed-domains", "example.org"), ("--denied-domains", "127.0.0.1")):
            for verb in ("read", "fetch", "crawl"):
                told = self.web(verb, url + "/loire", *words, code=4)
                self.assertNotIn("1,006", told.stdout + told.stderr)
        both = {"SEINE_WEB_ALLOWED_DOMAINS": "127.0.0.1"}
        self.web("read", url + "/loire", "--allowed-domains", "127.0.0.1", **both)
        self.web("read", url + "/loire", "--allowed-domains", "example.org", code=4, **both)

    def test_the_cache_keeps_to_its_size(self):
        most = 200 << 10
        pages = [f"{self.site.url}/long/{page}" for page in range(1, 9)]
        for page in pages:
            self.web("fetch", page, SEINE_WEB_CACHE_MAX=str(most))
        kept = [path.stat().st_size for path in Path(self.data, "blobs/sha256").rglob("*") if path.is_file()]
        self.assertLessEqual(sum(kept), most)
        self.assertGreater(sum(kept), most / 2)
        for page in pages[-len(kept):]:
            self.assertEqual(self.json("fetch", page, "--offline")["from"], "cache")
        for page in pages[:-len(kept)]:
            self.assertEqual(self.json("fetch", page, "--offline", code=8)["verdict"], "offline")

    def test_meta_refresh_is_a_redirect(self):
        url = self.site.url
        page = self.json("read", url + "/refresh")
        self.assertEqual((page["title"], page["final_url"]), ("The Loire", url + "/loire"))
        self.assertEqual(self.json("read", url + "/refresh-loop", code=5)["verdict"], "redirects")
        self.assertEqual(self.json("read", url + "/refresh-private", code=4)["verdict"], "refused")

    def test_render(self):
        url = self.site.url
        never = self.json("read", url + "/shell", "--render", "never", code=5)
        self.assertEqual(never["verdict"], "empty_shell")
        if not any(os.access(p, os.X_OK) for p in ("/usr/lib/chromium/chromium-headless-shell", "/usr/bin/chromium-headless-shell")):
            self.skipTest("skipped: no browser is installed")
        auto = self.json("read", url + "/shell")
        self.assertEqual((auto["rendered"], auto["render_reason"]), (True, "no_text"))
        self.assertIn("These words come from a script.", auto["markdown"])
        record = self.folder.name + "/rendered"
        self.web("read", url + "/shell", "--record", record, "--max-age", "0s")
        asked = len(self.site.asked)
        again = self.json("read", url + "/shell", "--replay", record)
        self.assertEqual((again["rendered"], again["markdown"]), (True, auto["markdown"]))
        self.assertEqual(len(self.site.asked), asked)
        always = self.web("read", url + "/loire", "--render", "always")
        self.assertIn("rendered, as asked", always.stderr)
        self.assertIn("1,006", always.stdout)

    def test_extract(self):
        path = Path(self.folder.name) / "page.html"
        path.write_text(f"<title>Kept</title><main><h1>Kept</h1>{ARTICLE}</main>", encoding="utf-8")
        page = self.json("extract", str(path), "--url", "https://example.org/x")
        self.assertEqual((page["title"], page["from"]), ("Kept", "file"))
        self.assertIn("777 kilometres", self.web("extract", str(path)).stdout)
        self.web("extract", str(path) + ".none", code=3)

    def test_crawl_and_search(self):
        url = self.site.url
        done = self.web("crawl", url + "/", "--depth", "2", "--exclude", "/loire", "--rate-limit", "50")
        self.assertRegex(done.stderr, r"seine: 3 pages kept, 0 failed")
        found = self.json("search", "quetzal", "--provider", "index")
        self.assertEqual(found["hits"][0]["url"], url + "/deep/two")
        self.assertEqual(found["providers"][0]["id"], "index")
        plain = self.web("search", "quetzal", "--provider", "index", SEINE_LANG="zh")
        self.assertIn("1. ", plain.stdout)
        self.assertIn("条结果", plain.stderr)
        self.assertIn("没有找到结果", self.web("search", "zyzzyva", "--provider", "index", SEINE_LANG="zh").stderr)
        lines = self.web("crawl", url + "/loire", "--depth", "0", "--json").stdout.splitlines()
        self.assertEqual(json.loads(lines[0])["page"]["title"], "The Loire")
        self.assertEqual(json.loads(lines[-1]), {"report": {"read": 1, "failed": 0, "skipped": 0, "left": 0, "alike": 0, "feeds_left": 0}})

    def test_search_is_recorded_and_failures_are_no_empty_results(self):
        providers = {"SEINE_SEARCH_PROVIDERS": "index,searxng", "SEINE_SEARCH_URLS": "searxng=" + self.site.url}
        record = self.folder.name + "/search"
        found = self.json("search", "river seine", "--time", "year", "--record", record, **providers)
        self.assertEqual((found["hits"][0]["title"], found["hits"][0]["provider"]), ("The Seine", "searxng"))
        asked = len(self.site.asked)
        self.assertEqual(self.json("search", "river seine", "--time", "year", "--replay", record, **providers)["hits"], found["hits"])
        self.assertEqual(len(self.site.asked), asked)
        self.site.search_status = 429
        failed = self.web("search", "river seine", code=8, SEINE_LANG="zh", **providers)
        self.assertIn("没有搜索服务给出回答：searxng [rate]：返回 429", failed.stderr)
        self.web("crawl", self.site.url + "/deep/two", "--depth", "0")
        partly = self.web("search", "quetzal", SEINE_LANG="zh", **providers)
        self.assertIn("1. ", partly.stdout)
        self.assertIn("searxng 失败：请求过于频繁：返回 429 [rate]", partly.stderr)

    def test_crawl_says_what_it_does_not_follow(self):
        words = ("crawl", self.site.url + "/days/1", "--depth", "9", "--alike", "2", "--rate-limit", "50")
        self.assertRegex(self.web(*words).stderr, r"1 addresses were not followed, such as \S+/days/3: ")
        self.assertIn("有 1 个地址未跟进", self.web(*words, SEINE_LANG="zh").stderr)

    def test_record_and_replay(self):
        record = self.folder.name + "/record"
        self.web("read", self.site.url + "/loire", "--record", record)
        asked = len(self.site.asked)
        self.assertIn("1,006", self.web("read", self.site.url + "/loire", "--replay", record).stdout)
        self.assertEqual(len(self.site.asked), asked)

    def test_help_in_both_languages(self):
        for words in ("web read", "web watch", "web watch ls"):
            english, chinese = seine(*words.split(), "--help"), seine(*words.split(), "--help", SEINE_LANG="zh")
            self.assertEqual((english.returncode, chinese.returncode), (0, 0))
            self.assertIn("Usage: seine " + words, english.stdout)
            self.assertIn("用法： seine " + words, chinese.stdout)
        self.assertIn("--render WHEN", seine("web", "read", "--help").stdout)
        self.assertIn("抓取站点", seine("web", SEINE_LANG="zh").stdout)
        self.assertEqual(seine("web", "read", "x", "--render", "maybe").returncode, 2)

    def test_completion_in_bash(self):
        script = seine("completion", "bash").stdout + 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _seine; echo "${COMPREPLY[*]}"'

        def after(*words):
            done = subprocess.run(["bash", "-c", script, "bash", "seine", *words], capture_output=True, text=True, timeout=60)
            return done.stdout.split()

        self.assertEqual(after("web", "r"), ["read"])
        watch = after("web", "watch", "")
        for word in ("--webhook", "--help", "ls", "resend"):
            self.assertIn(word, watch)
        self.assertEqual(after("web", "read", "--render", ""), ["never", "auto", "always"])
        self.assertEqual(after("web", "read", "--color", "n"), ["never"])
        self.assertIn("search.providers", after("config", "explain", "search."))

    def test_watch_without_a_service(self):
        url = self.site.url
        made = self.web("watch", url + "/shop", "--selector", "#price", "--every", "2h", "--ignore", "weather, sport")
        ident = made.stdout.strip()
        self.assertIn("no service runs here", made.stderr)
        self.assertIn("read for the first time", self.web("watch check", ident).stderr)
        self.assertIn("没有变化", self.web("watch check", ident, SEINE_LANG="zh").stderr)
        self.site.price = 4
        changed = self.web("watch check", ident)
        self.assertIn("- Apples cost 3 euro today.", changed.stdout)
        self.assertIn("+ Apples cost 4 euro today.", changed.stdout)
        shown = self.json("watch show", ident)
        self.assertEqual((shown["version"], shown["every_s"], shown["ignore"]), (2, 7200, ["weather", "sport"]))
        self.assertIn("+ Apples cost 4 euro", self.web("watch show", ident, SEINE_LANG="zh").stdout)
        self.assertIn(ident, self.web("watch ls").stdout)
        self.web("watch pause", ident)
        self.assertTrue(self.json("watch ls")["data"][0]["paused"])
        self.assertIn("已恢复", self.web("watch resume", ident, SEINE_LANG="zh").stderr)
        self.web("watch rm", ident)
        self.web("watch show", ident, code=3)
        self.assertIn("没有受监视的网页", self.web("watch ls", SEINE_LANG="zh").stderr)
        self.web("watch", "http://10.0.0.1/", code=4)
        self.web("watch", url, "--every", "1s", code=2)
        self.web("watch", url, "--webhook", "http://169.254.169.254/", code=4)

    def test_watch_tells_through_a_crash(self):
        url = self.site.url
        settings = {"SEINE_WEB_ENDPOINTS": url}
        with Service(data=self.data, **settings) as service:
            watch = self.json("watch", url + "/shop", "--block", "Apples", "--webhook", url + "/hook")
            ident = watch["id"]
            self.assertTrue(self.read(ident, 1))  # the schedule reads a new watch at once
            self.site.price, self.site.hook_status = 5, 503
            self.assertEqual(self.json("watch check", ident)["result"], "changed")
            self.assertTrue(self.site.wait(lambda: len(self.site.hooks) == 1))
            service.process.kill()
            service.process.wait()
        self.assertEqual(self.json("watch webhooks", "--state", "pending")["data"][0]["attempts"], 1)
        self.site.hook_status = 204
        with Service(data=self.data, **settings) as service:
            self.assertTrue(self.site.wait(lambda: len(self.site.hooks) == 2))
            (first, body), (second, again) = self.site.hooks
            self.assertEqual(first["webhook-id"], second["webhook-id"])
            self.assertEqual(body, again)
            told = json.loads(body)
            self.assertEqual((told["type"], told["data"]["watch"]), ("watch.changed", ident))
            self.assertEqual(told["data"]["changes"][0]["after"], "Apples cost 5 euro today.")
            for fields in (first, second):
                self.assertEqual(fields["webhook-signature"], sign(watch["secret"], fields["webhook-id"], fields["webhook-timestamp"], body))
            self.assertTrue(self.until(lambda: self.json("watch webhooks", "--state", "sent")["data"]))
            self.web("watch resend", first["webhook-id"])
            self.assertTrue(self.site.wait(lambda: len(self.site.hooks) == 3))
            self.assertEqual(self.site.hooks[2][0]["webhook-id"], first["webhook-id"])
            self.hooks_in(service, watch)

    def test_a_webhook_that_nobody_takes_is_dead_after_a_day(self):
        url = self.site.url
        settings = {"SEINE_WEB_ENDPOINTS": url}

        def dead():
            return self.json("watch webhooks", "--state", "dead")["data"]

        with Service(data=self.data, **settings):
            ident = self.json("watch", url + "/shop", "--block", "Apples", "--webhook", url + "/hook")["id"]
            self.assertTrue(self.read(ident, 1))
            self.site.price, self.site.hook_status = 5, 503
            self.web("watch check", ident)
            self.assertTrue(self.site.wait(lambda: len(self.site.hooks) == 1))
            self.assertEqual(dead(), [])
        # A day goes by.
        with sqlite3.connect(self.data + "/db/seine.db") as database:
            database.execute("UPDATE web_watch_delivery SET created_us = created_us - 86400000000, next_us = 1")
        database.close()
        with Service(data=self.data, **settings):
            self.assertTrue(self.until(dead))
            letter = dead()[0]
            self.assertEqual((letter["attempts"], letter["status"], letter["message"]), (2, 503, "the receiver answers 503"))
            self.assertIn("已放弃", self.web("watch webhooks", SEINE_LANG="zh").stdout)
            self.site.hook_status = 204
            self.web("watch resend", letter["id"])
            self.assertTrue(self.until(lambda: not dead()))
            self.assertEqual({fields["webhook-id"] for fields, _ in self.site.hooks}, {letter["id"]})
            # A receiver that is gone for good is not asked again.
            self.site.price, self.site.hook_status = 6, 410
            self.web("watch check", ident)
            self.assertTrue(self.until(dead))
            self.assertEqual((dead()[0]["attempts"], dead()[0]["status"]), (1, 410))

    def hooks_in(self, service, watch):
        """A signed webhook has the page read at once; what is unsigned, late or repeated does not."""
        def post(ident, stamp, body, signature):
            fields = {"webhook-id": ident, "webhook-timestamp": str(stamp), "webhook-signature": signature, "content-type": "application/json"}
            return service.request("POST", "/hooks/" + watch["id"], body, fields)[0]

        now, body = int(time.time()), {"changed": "shop"}
        raw = json.dumps(body).encode()
        self.assertEqual(post("m1", now, body, "v1,bm8="), 401)
        self.assertEqual(post("m1", now - 400, body, sign(watch["hook_secret"], "m1", now - 400, raw)), 401)
        self.assertEqual(post("m1", now, body, sign(watch["secret"], "m1", now, raw)), 401)
        self.site.price = 6
        asked = len(self.site.asked)
        good = sign(watch["hook_secret"], "m1", now, raw)
        self.assertEqual(post("m1", now, body, good), 202)
        self.assertTrue(self.site.wait(lambda: len(self.site.asked) > asked))
        self.assertTrue(self.site.wait(lambda: len(self.site.hooks) == 4))
        self.assertIn(b"Apples cost 6 euro", self.site.hooks[3][1])
        self.assertEqual(post("m1", now, body, good), 409)

    def read(self, ident, version):
        return self.until(lambda: self.json("watch show", ident)["version"] == version)

    def until(self, holds):
        """Each look is a run of the binary: that is the pause between two."""
        latest = time.monotonic() + 60
        while not holds():
            if time.monotonic() > latest:
                return False
        return True


class Bad(unittest.TestCase):
    """Servers whose certificates or protocol cannot be trusted."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = cls.folder.name

        def openssl(*words):
            done = subprocess.run(["openssl", *words], cwd=root, capture_output=True, timeout=60)
            if done.returncode != 0:
                raise RuntimeError(done.stderr.decode())

        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", "-x509", *curve, "-days", "2", "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem")
        for name, host, days in (("good", "localhost", "2"), ("other", "other.example.org", "2"), ("expired", "localhost", "-1")):
            openssl("req", *curve, "-subj", "/CN=" + host, "-keyout", name + ".key", "-out", name + ".csr")
            Path(root, "ext").write_text("subjectAltName=DNS:" + host, encoding="ascii")
            openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", days,
                    "-extfile", "ext", "-out", name + ".pem")
        openssl("req", "-x509", *curve, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                "-keyout", "self.key", "-out", "self.pem")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def verdict(self, name, flags=()):
        """Of fetching a page from `openssl s_server`, which answers any request with a page about itself."""
        root = self.folder.name
        server = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", name + ".pem", "-key", name + ".key", "-www", *flags],
                                  cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            port = ""
            while not port:
                line = server.stdout.readline()
                self.assertTrue(line, "s_server ended")
                if line.startswith("ACCEPT"):
                    port = line.strip().rpartition(":")[2]
            with tempfile.TemporaryDirectory() as data:
                done = subprocess.run([str(BINARY), "web", "fetch", f"https://localhost:{port}/", "--ignore-robots", "--json", "--data", data],
                                      env=environment(SSL_CERT_FILE=root + "/ca.pem"), stdin=subprocess.DEVNULL, capture_output=True,
                                      text=True, timeout=60)
            told = json.loads(done.stdout)
            return told.get("verdict", "ok"), done.returncode
        finally:
            server.kill()
            server.communicate()

    def test_a_good_one_is_read(self):
        self.assertEqual(self.verdict("good"), ("ok", 0))

    def test_bad_ones_are_not(self):
        for name, flags in (("self", ()), ("other", ()), ("expired", ()), ("good", ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"))):
            with self.subTest(name=name, flags=flags):
                self.assertEqual(self.verdict(name, flags), ("tls", 8))


if __name__ == "__main__":
    unittest.main(verbosity=2)
