"""A web site on loopback for tests and benchmarks: pages from a dictionary, and a list of what was asked of it."""
import html
import http.server
import threading


def page(title: str, text: str, lang: str = "en") -> str:
    """A plain page; `text` is not markup, blank lines part its paragraphs."""
    paragraphs = "".join(f"<p>{html.escape(part)}</p>" for part in text.split("\n\n"))
    title = html.escape(title)
    return (f"<!doctype html><html lang={lang}><head><meta charset=utf-8><title>{title}</title></head>"
            f"<body><main><h1>{title}</h1>{paragraphs}</main></body></html>")


class PageSite:
    """Serves `pages` (path to HTML) until the block ends. `asked` has the targets in order, with their queries."""

    def __init__(self, pages: dict[str, str]):
        self.pages = pages
        self.asked: list[str] = []

    def __enter__(self) -> "PageSite":
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

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
