"""A web site on loopback for tests and benchmarks: pages from a dictionary, and a list of what was asked of it."""
import html
import http.server

from loopback import Loopback


def page(title: str, text: str, lang: str = "en") -> str:
    """A plain page; `text` is not markup, blank lines part its paragraphs."""
    paragraphs = "".join(f"<p>{html.escape(part)}</p>" for part in text.split("\n\n"))
    title = html.escape(title)
    return (f"<!doctype html><html lang={lang}><head><meta charset=utf-8><title>{title}</title></head>"
            f"<body><main><h1>{title}</h1>{paragraphs}</main></body></html>")


class PageSite(Loopback):
    """Serves `pages` (path to HTML) until the block ends. `asked` has the targets in order, with their queries."""

    def __init__(self, pages: dict[str, str]):
        self.pages = pages
        self.asked: list[str] = []

    def handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                site.asked.append(self.path)
                text = site.pages.get(self.path)
                body = (text if text is not None else "not here").encode()
                self.send_response(200 if text is not None else 404)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.send_header("content-length", str(len(body)))
                try:
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # the reader did not wait

            def log_message(self, *_):
                pass

        return Handler
