#!/usr/bin/env python3
"""The real binary from the outside: start, sign-in, status, signals, data directory, commands in both languages."""
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import unittest

from seine import BINARY, Service, environment, seine


class Up(unittest.TestCase):
    def test_starts_says_where_and_stops_on_sigterm(self):
        with Service() as service:
            self.assertIn("Seine", service.report)
            self.assertEqual(service.request("GET", "/healthz")[0], 200)
            self.assertEqual(service.request("GET", "/readyz")[2], "ready\n")
            status, errors = service.stop()
            self.assertEqual(status, 0, errors)
            self.assertIn("stopped", errors)

    def test_speaks_chinese(self):
        with Service(SEINE_LANG="zh") as service:
            self.assertIn("已就绪", service.report)

    def test_second_instance_on_the_same_data_is_refused(self):
        with Service() as service:
            second = seine("up", "--data", service.data, "--listen", "127.0.0.1:0")
            self.assertEqual(second.returncode, 5)
            self.assertIn(f"already used by process {service.process.pid}", second.stderr)

    def test_taken_port_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken, tempfile.TemporaryDirectory() as data:
            port = taken.getsockname()[1]
            result = seine("up", "--data", data, "--listen", f"127.0.0.1:{port}")
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(f"127.0.0.1:{port}", result.stderr)
            self.assertEqual(result.stdout, "")

    def test_detach_and_down(self):
        with tempfile.TemporaryDirectory() as data:
            started = seine("up", "--data", data, "--listen", "127.0.0.1:0", "--detach")
            self.assertEqual(started.returncode, 0, started.stderr)
            self.assertIn("#token=", started.stdout)
            stopped = seine("down", "--data", data)
            self.assertEqual(stopped.returncode, 0, stopped.stderr)
            self.assertEqual(seine("down", "--data", data).returncode, 3)

    def test_hangup_reloads_what_can_be_and_names_the_rest(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "c.toml")
            with open(path, "w") as file:
                file.write('log.level = "info"\n')
            with Service("--config", path) as service:
                with open(path, "w") as file:
                    file.write('log.level = "debug"\nserver.threads = 1\n')
                service.process.send_signal(signal.SIGHUP)
                seen = ""
                while "reloaded" not in seen:
                    line = service.process.stderr.readline()
                    self.assertTrue(line, seen)
                    seen += line
                self.assertIn("key=server.threads", seen)
                service.sign_in()
                self.assertEqual(json.loads(service.request("GET", "/api/status")[2])["log_level"], "debug")

    def test_notifies_the_service_manager(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "notify")
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                manager.bind(path)
                manager.settimeout(30)
                with Service(NOTIFY_SOCKET=path, WATCHDOG_USEC="400000") as service:
                    self.assertIn("READY=1", manager.recv(4096).decode())
                    self.assertEqual(manager.recv(4096).decode(), "WATCHDOG=1")
                    service.process.send_signal(signal.SIGTERM)
                    while "STOPPING=1" not in manager.recv(4096).decode():
                        pass
                    service.process.communicate(timeout=60)
                    self.assertEqual(service.process.returncode, 0)

    def test_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            key, cert = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                            "-out", cert, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                           check=True, capture_output=True)
            with Service(SEINE_TLS_CERTIFICATE=cert, SEINE_TLS_KEY=key) as service:
                self.assertTrue(service.link.startswith("https://"))
                for version in ("--http1.1", "--http2"):
                    got = subprocess.run(["curl", "-sS", "-m", "20", version, "--cacert", cert, "-w", "%{http_version}",
                                          f"https://localhost:{service.port}/healthz"], capture_output=True, text=True)
                    self.assertIn("ok", got.stdout, got.stderr)
                    self.assertTrue(got.stdout.endswith("2" if version == "--http2" else "1.1"))


class Access(unittest.TestCase):
    def test_status_needs_a_session_and_a_link_gives_one_once(self):
        with Service() as service:
            status, _, text = service.request("GET", "/api/status")
            self.assertEqual(status, 401)
            self.assertIn("seine link", text)
            service.sign_in()
            self.assertEqual(service.request("GET", "/api/status")[0], 200)
            again = service.request("POST", "/api/session", {"token": service.token})
            self.assertEqual(again[0], 401)

    def test_link_command_works_beside_the_running_service(self):
        with Service() as service:
            made = seine("link", "--data", service.data)
            self.assertEqual(made.returncode, 0, made.stderr)
            self.assertIn(f":{service.port}/#token=", made.stdout)
            service.token = made.stdout.strip().split("token=")[1]
            service.sign_in()

    def test_sessions_survive_a_restart(self):
        with tempfile.TemporaryDirectory() as data:
            with Service(data=data) as service:
                service.sign_in()
                cookie = service.cookie
                service.stop()
            with Service(data=data) as service:
                service.cookie = cookie
                self.assertEqual(service.request("GET", "/api/status")[0], 200)

    def test_cookie_cannot_be_read_or_sent_from_elsewhere(self):
        with Service() as service:
            _, headers, _ = service.request("POST", "/api/session", {"token": service.token})
            for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
                self.assertIn(part, headers["set-cookie"])

    def test_open_on_loopback_refuses_foreign_hosts(self):
        with Service("--no-auth-on-loopback") as service:
            self.assertEqual(service.request("GET", "/api/status")[0], 200)
            self.assertEqual(service.request("GET", "/api/status", headers={"host": "rebound.example"})[0], 403)

    def test_bad_session_requests(self):
        with Service() as service:
            for body, content_type, want in ((b"{", "application/json", 400), (b"{}", "application/json", 400),
                                             (b'{"token": 5}', "application/json", 400), (b"token=x", "application/x-www-form-urlencoded", 400),
                                             (b'{"token":"' + b"x" * 9000 + b'"}', "application/json", 413)):
                status, _, text = self.raw(service, body, content_type)
                self.assertEqual(status, want, text)
            self.assertEqual(service.request("GET", "/healthz")[0], 200)

    @staticmethod
    def raw(service, body, content_type):
        import http.client
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        connection.request("POST", "/api/session", body, {"content-type": content_type})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()


class Pages(unittest.TestCase):
    def test_console_is_served_under_a_strict_policy(self):
        with Service() as service:
            status, headers, text = service.request("GET", "/", headers={"accept": "text/html"})
            self.assertEqual(status, 200)
            self.assertIn("<html", text)
            self.assertIn("default-src 'none'", headers["content-security-policy"])
            self.assertEqual(headers["cache-control"], "no-cache")
            self.assertEqual(service.request("GET", "/some/page", headers={"accept": "text/html"})[0], 200)
            self.assertEqual(service.request("GET", "/api/nothing", headers={"accept": "text/html"})[0], 404)
            self.assertEqual(service.request("GET", "/", headers={"if-none-match": headers["etag"]})[0], 304)
            self.assertEqual(service.request("GET", "/", headers={"accept-encoding": "br"})[1].get("content-encoding"), "br")

    def test_diagrams_are_drawn_in_a_page_without_an_origin(self):
        with Service() as service:
            status, headers, text = service.request("GET", "/diagram/index.html", headers={"accept": "text/html"})
            self.assertEqual(status, 200)
            policy = headers["content-security-policy"]
            self.assertIn("sandbox allow-scripts;", policy)
            self.assertIn("default-src 'none'", policy)
            self.assertNotIn("allow-same-origin", policy)
            self.assertIn("mermaid.js", text)
            self.assertIn("frame-src 'self'", service.request("GET", "/", headers={"accept": "text/html"})[1]["content-security-policy"])

    def test_metrics_are_prometheus_text(self):
        with Service() as service:
            service.request("GET", "/healthz")
            status, headers, text = service.request("GET", "/metrics")
            self.assertEqual(status, 200)
            self.assertIn("version=0.0.4", headers["content-type"])
            self.assertRegex(text, r'seine_http_requests_total\{code="200"\} [1-9]')
            self.assertIn("# TYPE process_cpu_seconds_total counter", text)
            if shutil.which("promtool"):
                check = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
                self.assertEqual(check.returncode, 0, check.stderr)


class Commands(unittest.TestCase):
    def test_version_and_help(self):
        self.assertRegex(seine("version").stdout, r"^seine \d+\.\d+\.\d+ \(\w+\)\n$")
        self.assertIn("cpu", json.loads(seine("version", "--json").stdout))
        self.assertIn("Commands:", seine("--help").stdout)
        self.assertIn("命令：", seine("--help", "--lang", "zh").stdout)

    def test_slips_are_usage_errors_with_empty_stdout(self):
        for words in (["doctr"], ["up", "--lisen", "x"], ["config", "explain"], ["up", "--log", "loud"]):
            result = seine(*words)
            self.assertEqual((result.returncode, result.stdout), (2, ""), words)
            self.assertTrue(result.stderr.startswith("seine: error:"), result.stderr)
        self.assertIn("错误", seine("doctr", SEINE_LANG="zh").stderr)

    def test_config_errors_name_the_place(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "seine.toml")
            with open(path, "w") as file:
                file.write('[server]\nlisen = "x"\n')
            result = seine("config", "check", "--config", path)
            self.assertEqual(result.returncode, 2)
            self.assertIn(f"{path}:2:1: unknown key 'server.lisen'; did you mean 'server.listen'?", result.stderr)
            self.assertIn("未知的配置项", seine("config", "check", "--config", path, "--lang", "zh").stderr)

    def test_config_explain_shows_the_chain(self):
        result = seine("config", "explain", "log.level", "--log", "error", "--json", SEINE_LOG="debug")
        chain = json.loads(result.stdout)
        self.assertEqual([o["source"] for o in chain["origins"]], ["flag", "variable SEINE_LOG", "built-in"])
        self.assertEqual(seine("config", "explain", "no.such").returncode, 3)

    def test_config_set_writes_what_the_service_reads(self):
        with tempfile.TemporaryDirectory() as home:
            path = os.path.join(home, "seine/config.toml")
            self.assertEqual(seine("config", "set", "server.threads", "1", XDG_CONFIG_HOME=home).returncode, 0)
            with open(path, "a") as file:
                file.write("# ours\n[search]\nproviders = [\"index\"] # no network\n")
            os.chmod(path, 0o600)
            done = seine("config", "set", "search.providers", "index,wikipedia", XDG_CONFIG_HOME=home)
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
            self.assertIn(path, done.stderr)
            with open(path) as file:
                self.assertEqual(file.read(), '[server]\nthreads = 1\n# ours\n[search]\nproviders = ["index", "wikipedia"] # no network\n')
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            self.assertEqual(os.listdir(os.path.dirname(path)), ["config.toml"])
            self.assertEqual(seine("config", "get", "search.providers", XDG_CONFIG_HOME=home).stdout, "index,wikipedia\n")
            self.assertIn("SEINE_LOG", seine("config", "set", "log.level", "debug", XDG_CONFIG_HOME=home, SEINE_LOG="warn").stderr)
            for words, code in ((["server.threads", "many"], 2), (["server.thread", "1"], 3), (["server.threads"], 2)):
                refused = seine("config", "set", *words, XDG_CONFIG_HOME=home)
                self.assertEqual((refused.returncode, refused.stdout), (code, ""), refused.stderr)
            self.assertIn("已写入", seine("config", "set", "server.threads", "2", XDG_CONFIG_HOME=home, SEINE_LANG="zh").stderr)

    def test_doctor(self):
        with tempfile.TemporaryDirectory() as data:
            result = seine("doctor", "--data", data, "--json")
            report = json.loads(result.stdout)
            names = {check["name"] for check in report["checks"]}
            self.assertLessEqual({"cpu", "memory", "data", "store", "ports", "console", "browser", "clock"}, names)
            for check in report["checks"]:
                self.assertIn(check["status"], ("ok", "warn", "fail"))
                self.assertTrue(check["message"]["en"] and check["message"]["zh"])

    def test_doctor_finds_a_damaged_database(self):
        with tempfile.TemporaryDirectory() as data:
            with Service(data=data) as service:
                service.stop()
            path = os.path.join(data, "db", "seine.db")
            with open(path, "r+b") as file:
                file.seek(4096)
                file.write(b"\xff" * 4096)
            result = seine("doctor", "--data", data)
            self.assertEqual(result.returncode, 1, result.stdout)
            self.assertIn("seine restore FILE", result.stdout)

    def test_backup_while_running_and_restore(self):
        with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as folder:
            copy = os.path.join(folder, "copy.db")
            with Service(data=data) as service:
                service.sign_in()
                cookie = service.cookie
                self.assertEqual(seine("backup", copy, "--data", data).returncode, 0)
                self.assertEqual(seine("backup", copy, "--data", data).returncode, 5, "an existing file is not replaced")
                self.assertEqual(seine("restore", copy, "--yes", "--data", data).returncode, 5, "not while it runs")
                service.stop()
            with sqlite3.connect(os.path.join(data, "db", "seine.db")) as database:
                tables = [row[0] for row in database.execute("select name from sqlite_master where type='table' and name like '%kv%'")]
                for table in tables:
                    database.execute(f"delete from {table}")
            restored = seine("restore", copy, "--yes", "--data", data)
            self.assertEqual(restored.returncode, 0, restored.stderr)
            with Service(data=data) as service:
                service.cookie = cookie
                self.assertEqual(service.request("GET", "/api/status")[0], 200)
            broken = os.path.join(folder, "broken.db")
            with open(broken, "wb") as file:
                file.write(b"not a database")
            self.assertNotEqual(seine("restore", broken, "--yes", "--data", data).returncode, 0)

    def test_causes_are_told_in_both_languages(self):
        with tempfile.TemporaryDirectory() as data, socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            nothing = f"{data}/none.pem"
            cases = [
                (["up", "--data", data, "--listen", f"127.0.0.1:{port}"], "Address already in use", "地址已被占用", {}),
                (["up", "--data", data, "--listen", "127.0.0.1:0"], "No such file or directory", f"TLS 证书 {nothing}：文件或目录不存在",
                 {"SEINE_TLS_CERTIFICATE": nothing, "SEINE_TLS_KEY": nothing}),
                (["up", "--data", "/proc/none", "--listen", "127.0.0.1:0"], "No such file or directory", "创建目录 /proc/none", {}),
                (["up", "--data", data, "--model", f"{data}/none.gguf", "--listen", "nowhere"], "is not HOST:PORT", "不是 主机:端口", {}),
                (["ask", "x", "--site", "ftp://x", "--data", data], "is not an http address", "不是 http 地址", {}),
                (["runs", "show", "nothing", "--data", data], "no run nothing", "没有运行 nothing", {}),
                (["web", "read", "http://localhost:1/", "--data", data], "", "", {}),
                (["key", "revoke", "nothing", "--data", data], "no API key 'nothing'", "没有 API 密钥“nothing”", {}),
                (["restore", f"{data}/none.db", "--data", data, "--yes"], "unable to open database file", "打开：无法打开数据库文件", {}),
            ]
            for words, en, zh, variables in cases:
                with self.subTest(words=words[:3]):
                    english = seine(*words, **variables)
                    chinese = seine(*words, SEINE_LANG="zh", **variables)
                    self.assertNotEqual(english.returncode, 0)
                    self.assertEqual(english.returncode, chinese.returncode)
                    self.assertIn(en, english.stderr)
                    self.assertIn(zh, chinese.stderr)
                    # Names and addresses stay; no English word is left between Chinese ones.
                    message = chinese.stderr.split("错误：")[1].split("\n")[0]
                    self.assertNotRegex(message, r"[a-z]{3,} [a-z]{2,} ", chinese.stderr)

    def test_a_damaged_database_is_told_in_both_languages(self):
        with tempfile.TemporaryDirectory() as data:
            os.makedirs(f"{data}/db")
            with open(f"{data}/db/seine.db", "wb") as file:
                file.write(b"x" * 8192)
            report = seine("doctor", "--data", data, "--json").stdout
            check = next(check for check in json.loads(report)["checks"] if check["name"] == "store")
            self.assertEqual(check["status"], "fail")
            self.assertIn("file is not a database", check["message"]["en"])
            self.assertIn("文件不是数据库", check["message"]["zh"])

    def test_completion_and_manual(self):
        script = seine("completion", "bash").stdout
        self.assertEqual(subprocess.run(["bash", "-n"], input=script, text=True).returncode, 0)
        words = subprocess.run(["bash", "-c", script + '\nCOMP_WORDS=(seine do); COMP_CWORD=1; _seine; echo "${COMPREPLY[@]}"'],
                               capture_output=True, text=True).stdout
        self.assertEqual(words.split(), ["down", "doctor"])
        self.assertIn(".TH SEINE 1", seine("man").stdout)

    @unittest.skipUnless(shutil.which("bash"), "no bash")
    def test_completion_offers_what_may_follow(self):
        script = seine("completion", "bash").stdout
        for words, offered, not_offered in ((["we"], "web", "up"), (["web", ""], "watch", "explain"), (["web", "watch", ""], "pause", "read"),
                                            (["web", "read", "--"], "--lang", "pause"), (["config", "get", "log"], "log.level", "web.contact"),
                                            (["key", ""], "create", "watch"), (["runs", ""], "replay", "create")):
            line = " ".join(f"'{word}'" for word in ["seine", *words])
            done = subprocess.run(["bash", "-c", f'{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words)}; _seine; echo "${{COMPREPLY[@]}}"'],
                                  capture_output=True, text=True, timeout=30)
            self.assertEqual(done.stderr, "")
            self.assertIn(offered, done.stdout.split(), words)
            self.assertNotIn(not_offered, done.stdout.split(), words)

    def test_a_closed_pipe_is_no_failure(self):
        done = subprocess.run(f"{BINARY} --help | head -1; exit ${{PIPESTATUS[0]}}", shell=True, executable="/bin/bash",
                              env=environment(), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
