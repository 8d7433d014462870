"""A server that may misbehave in any way: tests say what bytes it sends, and when."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

# What is sent for a path: pieces of bytes, each sent as it comes (the iterator may sleep between).
Pieces = Callable[[str], Iterator[bytes]]


class RawSite:
    """Serves raw bytes on 127.0.0.1 and keeps the requests, whole, in `asked`."""

    def __init__(self, pieces: Pieces) -> None:
        self.asked: list[str] = []
        self.hung_up = threading.Event()  # the client closed before all was sent
        site = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                lines = []
                while line := self.rfile.readline().decode("latin-1").rstrip("\r\n"):
                    lines.append(line)
                if not lines:
                    return
                site.asked.append("\n".join(lines))
                try:
                    for piece in pieces(lines[0].split()[1]):
                        self.wfile.write(piece)
                    self.request.shutdown(socket.SHUT_WR)
                except OSError:
                    site.hung_up.set()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                site.hung_up.set()

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}/"
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()

    @property
    def paths(self) -> list[str]:
        return [request.split()[1] for request in self.asked]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def raw_site() -> Iterator[Callable[[Pieces], RawSite]]:
    """Start servers of raw bytes: `raw_site(lambda path: iter([b"HTTP/1.1 200 OK\\r\\n..."]))`."""
    sites: list[RawSite] = []

    def start(pieces: Pieces) -> RawSite:
        sites.append(RawSite(pieces))
        return sites[-1]

    yield start
    for site in sites:
        site.close()
