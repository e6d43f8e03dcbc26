#!/usr/bin/env python3
"""Every format that is read, through the real binary: from a file, from a site, and as an upload that an answer cites."""
import functools
import http.client
import http.server
import io
import json
import shutil
import tempfile
import threading
import unittest
import zipfile
from pathlib import Path

from seine import ROOT, Service, seine

HTML = "<!doctype html><title>Rivers</title><main><h1>Rivers</h1><p>The Seine is 777 km long, and it flows through Paris to the sea at Le Havre.</p>" \
       "<p style='display:none'>SECRET</p><p onclick='x()'>It rises near Dijon, in a forest, and every child there knows where.</p></main>"
RSS = "<rss version='2.0'><channel><title>River news</title><item><title>The flood</title><link>https://a.example/flood</link>" \
      "<pubDate>Tue, 11 Mar 2025 22:00:00 GMT</pubDate><description>The Seine is 777 km &lt;b&gt;long&lt;/b&gt;.</description></item></channel></rss>"
ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'><title>River news</title><entry><title>The flood</title><link href='https://a.example/flood'/>" \
       "<summary>The Seine is 777 km long.</summary></entry></feed>"


def archive(parts: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("[Content_Types].xml", "<Types/>")
        for name, text in parts.items():
            zipped.writestr(name, text)
    return out.getvalue()


def docx() -> bytes:
    return archive({"word/document.xml": "<w:document><w:body><w:p><w:pPr><w:outlineLvl w:val='0'/></w:pPr><w:r><w:t>Rivers</w:t></w:r></w:p>"
                                         "<w:p><w:r><w:t>The Seine is 777 km long.</w:t></w:r></w:p></w:body></w:document>"})


def xlsx() -> bytes:
    relation = "<Relationships><Relationship Id='rId1' Type='x/worksheet' Target='worksheets/sheet1.xml'/></Relationships>"
    row = "<row><c t='inlineStr'><is><t>{}</t></is></c><c t='inlineStr'><is><t>{}</t></is></c></row>"
    return archive({"xl/workbook.xml": "<workbook><sheets><sheet name='Lengths' r:id='rId1'/></sheets></workbook>",
                    "xl/_rels/workbook.xml.rels": relation,
                    "xl/worksheets/sheet1.xml": "<worksheet><sheetData>" + row.format("River", "Length") + row.format("Seine", "777 km")
                                                + "</sheetData></worksheet>"})


def pptx() -> bytes:
    shape = "<p:sp><p:nvSpPr><p:nvPr><p:ph type='{}'/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:txBody></p:sp>"
    return archive({"ppt/presentation.xml": "<p:presentation><p:sldIdLst><p:sldId id='1' r:id='rId1'/></p:sldIdLst></p:presentation>",
                    "ppt/_rels/presentation.xml.rels": "<Relationships><Relationship Id='rId1' Type='x/slide' Target='slides/slide1.xml'/></Relationships>",
                    "ppt/slides/slide1.xml": "<p:sld>" + shape.format("title", "Rivers") + shape.format("body", "The Seine is 777 km long.")
                                             + "</p:sld>"})


def pdf(lines: list[str], *more: list[str], extra: str = "") -> bytes:
    """One page for each list of lines."""
    pages = [lines, *more]
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
               "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    for number, page in enumerate(pages):
        content = "".join(f"BT /F1 11 Tf 72 {700 - 14 * i} Td ({line}) Tj ET\n" for i, line in enumerate(page))
        objects += [f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * number} 0 R >>",
                    f"<< /Length {len(content)} >>\nstream\n{content}\nendstream"]
    out, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (out + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer << /Size {len(objects) + 1} /Root 1 0 R {extra} >>\n"
            f"startxref\n{len(out)}\n%%EOF\n").encode()


READABLE = {
    "page.html": HTML.encode(),
    "notes.txt": "The Seine is 777 km long.\n".encode(),
    "notes.md": "# Rivers\n\nThe Seine is 777 km long.\n".encode(),
    "data.json": json.dumps([{"river": "Seine", "length": "777 km"}, {"river": "Loire", "length": "1,006 km"}]).encode(),
    "data.jsonl": b'{"river": "Seine", "length": "777 km"}\n{"river": "Loire", "length": "1,006 km"}\n',
    "data.csv": "river;length\nSeine;777 km\nLoire;1,006 km\n".encode(),
    "data.tsv": "river\tlength\nSeine\t777 km\n".encode(),
    "feed.rss": RSS.encode(),
    "feed.atom": ATOM.encode(),
    "feed.json": json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "F",
                             "items": [{"id": "1", "title": "The flood", "content_text": "The Seine is 777 km long."}]}).encode(),
    "report.docx": docx(),
    "report.xlsx": xlsx(),
    "report.pptx": pptx(),
}
if shutil.which("pdftotext"):
    READABLE["report.pdf"] = pdf(["The Seine is 777 km long."])


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        for name, data in READABLE.items():
            (Path(cls.folder.name) / name).write_bytes(data)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def extract(self, name: str, data: bytes | None = None, *words: str, **extra: str):
        path = Path(self.folder.name) / name
        if data is not None:
            path.write_bytes(data)
        return seine("web", "extract", str(path), *words, **extra)

    def test_every_format_is_read(self):
        for name in READABLE:
            with self.subTest(name):
                result = self.extract(name)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn("777 km", result.stdout)
                self.assertNotIn("SECRET", result.stdout)

    def test_blocks_point_into_the_text(self):
        for name in READABLE:
            with self.subTest(name):
                page = json.loads(self.extract(name, None, "--json").stdout)
                text = page["markdown"].encode()
                self.assertTrue(page["blocks"])
                self.assertTrue(any(b"777 km" in text[block["start"]:block["end"]] for block in page["blocks"]))

    def test_places_are_kept(self):
        anchors = {"report.pdf": "page=1", "report.pptx": "slide=1", "report.xlsx": "sheet=Lengths"}
        for name, anchor in anchors.items():
            if name not in READABLE:
                continue
            with self.subTest(name):
                page = json.loads(self.extract(name, None, "--json").stdout)
                self.assertEqual({block["anchor"] for block in page["blocks"]}, {anchor})

    def test_tables_and_feeds_are_readable(self):
        self.assertIn("| Seine | 777 km |", self.extract("data.csv").stdout)
        self.assertIn("| Seine | 777 km |", self.extract("data.json").stdout)
        self.assertIn("## Lengths\n\n| River | Length |", self.extract("report.xlsx").stdout)
        self.assertIn("## [The flood](https://a.example/flood)", self.extract("feed.rss").stdout)
        self.assertIn("## [The flood](https://a.example/flood)", self.extract("feed.atom").stdout)
        self.assertIn("## Rivers\n\n- The Seine", self.extract("report.pptx").stdout)

    def test_failures_name_the_type(self):
        picture = ("picture is damaged", "broken") if shutil.which("tesseract") else ("tesseract-ocr", "unsupported")
        refused = {"a.png": (b"\x89PNG\r\n\x1a\n" + bytes(20), *picture),
                   "a.ico": (b"\0\0\1\0" + bytes(20), "image/x-icon", "unsupported"),
                   "a.bin": (bytes(range(256)), "application/octet-stream", "unsupported"),
                   "a.zip": (archive({"a": "b"}), "application/zip", "unsupported"),
                   "a.doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".docx", "unsupported"),
                   "a.docx": (docx()[:200] + docx()[220:], "a.docx", "broken"),
                   "a.json": (b'{"a": ', "JSON", "broken"),
                   "empty.txt": (b" \n", "empty.txt", "empty")}
        if "report.pdf" in READABLE:
            key = "5" * 64
            locked = f"/ID [<00> <00>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{key}> /U <{key}> >>"
            layer = "recognised in the pages" if shutil.which("tesseract") else "text layer"
            refused["scan.pdf"] = (pdf([]), layer, "no_text_layer")
            refused["locked.pdf"] = (pdf(["x"], extra=locked), "password", "encrypted")
            refused["cut.pdf"] = (b"%PDF-1.7\n", "damaged", "broken")
        for name, (data, word, verdict) in refused.items():
            with self.subTest(name):
                result = self.extract(name, data, "--json")
                self.assertNotEqual(result.returncode, 0)
                answer = json.loads(result.stdout)
                self.assertEqual(answer["verdict"], verdict)
                self.assertIn(word, answer["message"])

    def test_failures_are_said_in_chinese(self):
        result = self.extract("b.ico", b"\0\0\1\0" + bytes(20), SEINE_LANG="zh")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("不支持该类型", result.stderr)

    def test_sanitised_html(self):
        result = self.extract("page.html", None, "--html")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("<p>The Seine is 777 km long", result.stdout)
        for gone in ("SECRET", "onclick", "style="):
            self.assertNotIn(gone, result.stdout)
        none = self.extract("notes.txt", None, "--html")
        self.assertNotEqual(none.returncode, 0)
        self.assertIn("text/plain", none.stderr)


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {"": "application/octet-stream", ".html": "text/html", ".rss": "text/xml"}

    def log_message(self, *_):
        pass


class Sites(unittest.TestCase):
    def test_every_format_is_read_from_a_site(self):
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as data:
            for name, content in READABLE.items():
                (Path(folder) / name).write_bytes(content)
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                for name in READABLE:
                    with self.subTest(name):
                        result = seine("web", "read", f"http://127.0.0.1:{server.server_address[1]}/{name}", "--data", data,
                                       "--ignore-robots")
                        self.assertEqual(result.returncode, 0, result.stderr)
                        self.assertIn("777 km", result.stdout)
            finally:
                server.shutdown()
                thread.join()
                server.server_close()


    @unittest.skipUnless(shutil.which("pdftotext"), "no pdftotext (poppler-utils)")
    def test_a_citation_says_the_page_of_a_document(self):
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as data:
            (Path(folder) / "rivers.pdf").write_bytes(pdf(["The Loire rises at the foot of Mont Gerbier de Jonc."],
                                                          ["The river Seine is 777 kilometres long."]))
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                words = ("ask", "How long is the river Seine?", "--site", f"http://127.0.0.1:{server.server_address[1]}/rivers.pdf", "--data", data)
                answer = json.loads(seine(*words, "--json").stdout)
                self.assertEqual([citation["anchor"] for citation in answer["citations"]], ["page=2"], answer)
                self.assertIn("(page 2)", seine(*words).stdout)
                self.assertIn("（第 2 页）", seine(*words, SEINE_LANG="zh").stdout)
            finally:
                server.shutdown()
                thread.join()
                server.server_close()


class Uploads(unittest.TestCase):
    def test_uploads_take_the_same_formats(self):
        with Service() as service:
            service.sign_in()
            for name, content in READABLE.items():
                with self.subTest(name):
                    status, answer = upload(service, name, content)
                    self.assertIn(status, (200, 201), answer)
                    self.assertGreater(answer["characters"], 10)
                    self.assertTrue(answer["type"])
                    shown = "inline" if name.endswith(".pdf") else "attachment"
                    self.assertEqual(original(service, answer["id"]), (content, f"{shown}; filename={name}"))
            status, answer = upload(service, "a.ico", b"\0\0\1\0" + bytes(20))
            self.assertEqual(status, 400, answer)
            self.assertIn("image/x-icon", json.dumps(answer))

    @unittest.skipUnless(shutil.which("tesseract"), "no tesseract (tesseract-ocr)")
    def test_the_text_in_a_picture_is_asked_about(self):
        notice = (ROOT / "tests/fixtures/notice.png").read_bytes()
        with Service() as service:
            service.sign_in()
            status, answer = upload(service, "notice.png", notice)
            self.assertEqual(status, 201, answer)
            self.assertEqual(answer["type"], "image/png")
            self.assertEqual(original(service, answer["id"]), (notice, "inline; filename=notice.png"))
            body = {"question": "When does the ferry leave?", "search": "off", "files": [answer["id"]], "stream": False}
            status, _, text = service.request("POST", "/api/ask", body)
            self.assertEqual(status, 200, text)
            reply = json.loads(text)
            self.assertIn("9:40", reply["text"])
            self.assertIn("The ferry to the island leaves at 9:40 every morning.", reply["citations"][0]["quote"])

    def test_a_citation_says_where_in_the_upload_it_stands(self):
        places = {"report.xlsx": "sheet=Lengths", "report.pptx": "slide=1"}
        rivers = pdf(["The Loire rises at the foot of Mont Gerbier de Jonc."], ["The river Seine is 777 km long."])
        contents = {**READABLE, "rivers.pdf": rivers}
        if shutil.which("pdftotext"):
            places["rivers.pdf"] = "page=2"
        with Service() as service:
            service.sign_in()
            for name, anchor in places.items():
                with self.subTest(name):
                    ident = upload(service, name, contents[name])[1]["id"]
                    body = {"question": "How long is the river Seine?", "search": "off", "files": [ident], "stream": False}
                    status, _, text = service.request("POST", "/api/ask", body)
                    self.assertEqual(status, 200, text)
                    self.assertEqual([citation["anchor"] for citation in json.loads(text)["citations"]], [anchor], text)


def original(service: Service, ident: str) -> tuple[bytes, str]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    connection.request("GET", f"/api/files/{ident}/original", headers={"cookie": service.cookie})
    answer = connection.getresponse()
    found = answer.read(), answer.getheader("content-disposition")
    connection.close()
    return found


def upload(service: Service, name: str, content: bytes) -> tuple[int, dict]:

    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    connection.request("POST", f"/api/files?name={name}", content, {"cookie": service.cookie, "content-type": "application/octet-stream"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


if __name__ == "__main__":
    unittest.main()
