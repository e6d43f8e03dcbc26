"""What the system tests share: the real binary on a data directory of its own, and a bounded wait."""
import http.client
import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BINARY = Path(os.environ.get("SEINE_BINARY", ROOT / "build/release/seine"))


def environment(**extra: str) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SEINE_", "LC_", "LANG", "XDG_"))}
    return {**clean, "LANG": "C.UTF-8", "NO_COLOR": "1", **extra}


def seine(*words: str, limit_s: float = 60, **extra: str) -> subprocess.CompletedProcess:
    return subprocess.run([str(BINARY), *words], env=environment(**extra), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s)


class Service:
    """`seine up` in the foreground, on a port of the kernel's choice; ends with the block."""

    def __init__(self, *words: str, data: str | None = None, **extra: str):
        self.own = data is None
        self.data = data or tempfile.mkdtemp(prefix="seine-test-")
        command = [str(BINARY), "up", "--data", self.data, "--listen", "127.0.0.1:0", *words]
        self.process = subprocess.Popen(command, env=environment(**extra), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, bufsize=1)
        self.report = self._read_until("Ctrl+C")
        self.link = re.search(r"https?://\S+#token=\S+", self.report).group(0)
        self.port = int(re.search(r":(\d+)/#", self.link).group(1))
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = self.link.split("token=")[1]
        self.cookie = ""

    def _read_until(self, mark: str) -> str:
        # Straight from the descriptor: what a buffered reader holds back, select cannot see.
        seen = b""
        while mark.encode() not in seen:
            ready, _, _ = select.select([self.process.stdout], [], [], 60)
            piece = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not piece:
                self.process.kill()
                raise AssertionError(f"seine up did not get ready:\n{seen.decode()}\n{self.process.stderr.read()}")
            seen += piece
        return seen.decode()

    def request(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> tuple[int, dict, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        fields = {"cookie": self.cookie} if self.cookie else {}
        data = None
        if body is not None:
            data = json.dumps(body)
            fields["content-type"] = "application/json"
        connection.request(method, path, data, {**fields, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        found = {k.lower(): v for k, v in answer.getheaders()}
        connection.close()
        return answer.status, found, text

    def sign_in(self) -> None:
        status, headers, _ = self.request("POST", "/api/session", {"token": self.token})
        assert status == 204, status
        self.cookie = headers["set-cookie"].split(";")[0]

    def wait_for_model(self) -> None:
        """Until no model is loading any more."""
        if not self.cookie:
            self.sign_in()
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            models = json.loads(self.request("GET", "/api/models")[2])["data"]
            if all(model["state"] != "loading" for model in models):
                return
            time.sleep(0.2)
        raise AssertionError("the model did not load within 120 s")

    def stop(self, sign: int = signal.SIGTERM) -> tuple[int, str]:
        if self.process.poll() is None:
            self.process.send_signal(sign)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        if self.own:
            shutil.rmtree(self.data, ignore_errors=True)
