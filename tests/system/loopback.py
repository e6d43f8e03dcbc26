"""What the servers of tests and benchmarks share: they are there on loopback while a block lasts."""
import http.server
import sys
import threading


class Loopback:
    """Serves `self.handler()`, a class of request handlers. `url` has no path."""

    def handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        raise NotImplementedError

    def __enter__(self):
        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *place):
                if not isinstance(sys.exc_info()[1], OSError):  # the client closes what it no longer needs
                    super().handle_error(*place)

        self.server = Server(("127.0.0.1", 0), self.handler())
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
