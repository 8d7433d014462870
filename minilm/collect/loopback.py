"""A small web site on this machine alone, with a log of everything that it is asked.

What a crawler does to a site can be seen from the site: which pages it took, how fast, under what
name. So a crawler is judged here by the server's log, in the course and in the tests.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Mapping[str, str], bytes]  # status, headers, body


@dataclass(frozen=True)
class Request:
    """One line of the log: when (seconds on a clock that only goes forward), what, who, answer."""

    at: float
    path: str
    user_agent: str
    status: int


@dataclass
class Site:
    """A site that runs: its address, and the requests that it was sent, in their order."""

    address: str
    log: list[Request] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, in their order."""
        return [request.path for request in self.log]


@contextmanager
def serve(answer: Callable[[str], Answer]) -> Iterator[Site]:
    """Serve a site on a free port of 127.0.0.1 while the with-block runs.

    `answer(path)` returns status, headers and body of every page.
    """
    site = Site("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at = time.monotonic()
            status, headers, body = answer(self.path)
            agent = self.headers.get("User-Agent", "")
            site.log.append(Request(at, self.path, agent, status))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a crawler that hangs up in the middle is no error of the site

    with Server(("127.0.0.1", 0), Handler) as server:
        site.address = f"http://127.0.0.1:{server.server_address[1]}/"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
