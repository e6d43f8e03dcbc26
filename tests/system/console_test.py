#!/usr/bin/env python3
"""The console of the real binary in Debian's Chromium, in both languages: sign in, status, a question, its citation at the sentence.

Screenshots go where SEINE_SHOTS says. Skipped where the binary holds the stub page, or Chromium, Node.js or console/node_modules is missing.
"""
import json
import os
import shutil
import subprocess
import unittest

from ask_test import Site
from seine import ROOT, Service, environment

CHROMIUM = os.environ.get("SEINE_CHROMIUM", "/usr/bin/chromium")
LANGUAGES = {
    "en-US": {"lang": "en", "colors": "light", "addSites": "Sites", "status": "Status", "page": "seine", "question": "How long is the river Seine?",
              "says": "777 kilometres", "refusal": "no chat 'none'", "share": "Share a link", "makeLink": "Make a link", "takeBack": "Take back",
              "gone": "It has expired, was taken back"},
    "zh-CN": {"lang": "zh-CN", "colors": "dark", "addSites": "站点", "status": "状态", "page": "zh", "question": "塞纳河全长多少公里？",
              "says": "777公里", "refusal": "没有对话“none”", "share": "分享链接", "makeLink": "生成链接", "takeBack": "撤回",
              "gone": "此链接已失效"},
}


def reason_to_skip() -> str:
    if not os.path.exists(CHROMIUM):
        return f"no {CHROMIUM}"
    if shutil.which("node") is None:
        return "no Node.js"
    if not (ROOT / "console/node_modules/playwright-core/index.mjs").exists():
        return "console/node_modules holds no playwright-core"
    return ""


@unittest.skipIf(reason_to_skip(), reason_to_skip())
class Console(unittest.TestCase):
    def visit(self, locale: str) -> None:
        words = LANGUAGES[locale]
        with Site() as site, Service() as service:
            if 'type="module"' not in service.request("GET", "/", headers={"accept": "text/html"})[2]:
                self.skipTest("the binary holds the stub page")
            task = {"root": str(ROOT), "chromium": CHROMIUM, "link": service.link, "origin": f"http://127.0.0.1:{service.port}", "locale": locale,
                    "colors": words["colors"], "site": site.url + words["page"], "question": words["question"], "words": {key: words[key] for key in ("addSites", "share", "makeLink", "takeBack")},
                    "shots": os.environ.get("SEINE_SHOTS", "")}
            ran = subprocess.run(["node", str(ROOT / "tests/system/console_visit.mjs"), json.dumps(task)], env=environment(), capture_output=True,
                                 text=True, timeout=500)
            self.assertEqual(ran.returncode, 0, ran.stderr)
            seen = json.loads(ran.stdout)
            self.assertNotIn("failed", seen, seen)
            self.assertNotIn("token", seen["addressAfterSignIn"])
            self.assertEqual(seen["language"], words["lang"])
            self.assertIn("<svg", seen["diagram"].get("svg", ""), seen["diagram"])
            self.assertFalse(seen["diagram"]["reached"])
            self.assertIn(words["status"], seen["statusHeading"])
            self.assertIn(words["says"], seen["answer"])
            self.assertIn(words["says"], seen["marked"])
            self.assertTrue(seen["markIsInView"])
            self.assertIn(words["says"], seen["sharedMark"])
            self.assertIn(words["question"], seen["sharedText"])
            self.assertIn(words["gone"], seen["takenBack"])
            self.assertIn(words["question"], seen["questionLater"])
            self.assertEqual(seen["refusal"], words["refusal"])
            self.assertEqual(seen["complaints"], [])
            self.assertTrue(seen["policies"])
            for policy in seen["policies"]:
                self.assertIn("default-src 'none'; script-src 'self'; style-src 'self';", policy)
                self.assertNotIn("unsafe", policy)

    def test_in_english(self):
        self.visit("en-US")

    def test_in_chinese(self):
        self.visit("zh-CN")


if __name__ == "__main__":
    unittest.main()
