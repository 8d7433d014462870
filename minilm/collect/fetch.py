"""One page, fetched with every limit that a stranger's server makes necessary.

A page may never begin, never end, be a film, unpack to gigabytes, or arrive a byte at a time. So
the address is checked before connecting, the content type before the body is read, the size while
it is read; a timeout ends each wait, and an alarm ends them all. Redirects are not followed here:
each is a new address, which the crawler has to check like any other.
"""

import http.client
import socket
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, HTTPError

from minilm.collect.network import FetchError, resolve

PIECE = 1 << 16  # bytes read at a time
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})  # statuses that may pass (RFC 9110)


@dataclass(frozen=True)
class Answer:
    """What a server sent, and what was sent to it; the body of a 200 only, decompressed."""

    address: str
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    sent: tuple[tuple[str, str], ...]
    ip: str
    date: str  # ISO 8601, UTC

    def header(self, name: str) -> str:
        """The first header of a name, or ""."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), "")


def fetch(
    address: str,
    *,
    user_agent: str,
    timeout: float = 10.0,
    deadline: float = 30.0,
    max_bytes: int = 5_000_000,
    cut: bool = False,
    content_types: Collection[str] = (),
    allow_private: Collection[str] = (),
) -> Answer:
    """Ask for one address; all of it takes `deadline` seconds at most, a silence `timeout`.

    `content_types` are those whose body is read, any if empty; `max_bytes` counts after
    decompression, and a longer body is an error, or cut there if `cut`. Raises FetchError when
    there is no page within these limits; its `again` says whether to come back.
    """
    parts = urlsplit(address)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    ips = resolve(host, port, allow_private, min(timeout, deadline))
    sent = {
        "Host": parts.netloc,
        "User-Agent": user_agent,
        "Accept": ", ".join(content_types) or "*/*",
        "Accept-Encoding": "gzip",
        "Connection": "close",
    }
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with _alarm(deadline) as alarm:
        try:
            connection, ip = _connect(ips, port, host if secure else "", timeout, alarm)
            connection.request("GET", target, headers=sent, preload_content=False)
            response = connection.getresponse()
            body = _read(response, max_bytes, cut, content_types) if response.status == 200 else b""
        except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            reason = f"not done in {deadline:g} s" if alarm.rang else _first_line(error)
            raise FetchError(reason, again=not isinstance(error, DecodeError)) from error
        if alarm.rang:  # a body of unknown length seems complete when its socket is cut
            raise FetchError(f"not done in {deadline:g} s", again=True)
    headers = tuple((str(name), str(value)) for name, value in response.headers.items())
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    reason = response.reason or ""
    return Answer(address, response.status, reason, headers, body, tuple(sent.items()), ip, now)


def _connect(
    ips: list[str], port: int, secure_host: str, timeout: float, alarm: "_Alarm"
) -> tuple[HTTPConnection, str]:
    """Connect to the first checked address that answers; the certificate must name the host."""
    for ip in ips:
        connection: HTTPConnection
        if secure_host:
            connection = HTTPSConnection(
                ip, port, timeout=timeout, server_hostname=secure_host, assert_hostname=secure_host
            )
        else:
            connection = HTTPConnection(ip, port, timeout=timeout)
        alarm.watch(connection)
        try:
            connection.connect()
        except (HTTPError, OSError):
            if ip == ips[-1] or alarm.rang:
                raise
            continue
        alarm.watch(connection)
        break
    return connection, ip


def _read(
    response: BaseHTTPResponse, max_bytes: int, cut: bool, content_types: Collection[str]
) -> bytes:
    """Read a body that is of a wanted type and not too large, and nothing of any other."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_types and kind not in content_types:
        raise FetchError(f"content type {kind or 'not stated'}")
    announced = response.headers.get("Content-Length", "")
    if not cut and announced.isdigit() and int(announced) > max_bytes:
        raise FetchError(f"more than {max_bytes:,} bytes")
    body = bytearray()
    while piece := response.read(PIECE, decode_content=True):
        body += piece
        if len(body) > max_bytes:
            if cut:
                break
            raise FetchError(f"more than {max_bytes:,} bytes", n_bytes=len(body))
    return bytes(body[:max_bytes])


def wait_of(answer: Answer) -> float:
    """The seconds that a busy server asks to be left alone (RFC 9110, section 10.2.3), or 0."""
    asked = answer.header("Retry-After").strip()
    if asked.isdigit():
        return float(asked)
    with suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    return 0.0


class _Alarm:
    """Cuts the watched connection's socket when it rings; what waits for it then ends at once."""

    def __init__(self) -> None:
        self.rang = False
        self._sockets: list[socket.socket] = []
        self._connection: HTTPConnection | None = None

    def watch(self, connection: HTTPConnection) -> None:
        """Know a connection before it connects (its handshake may drip), and its socket after."""
        self._connection = connection
        if connection.sock is not None:
            self._sockets.append(connection.sock)
            if self.rang:
                self.ring()

    def ring(self) -> None:
        self.rang = True
        current = getattr(self._connection, "sock", None)
        for sock in [*self._sockets, *([current] if current else [])]:
            with suppress(OSError):  # not the TLS socket's own shutdown, which waits for the peer
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """End the connection, read to the end or not."""
        if self._connection is not None:
            self._connection.close()
        for sock in self._sockets:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            sock.close()


@contextmanager
def _alarm(seconds: float) -> Iterator[_Alarm]:
    """Ring after some seconds: a timeout bounds one wait, and a slow drip is a thousand of them."""
    alarm = _Alarm()
    timer = threading.Timer(seconds, alarm.ring)
    timer.daemon = True
    timer.start()
    try:
        yield alarm
    finally:
        timer.cancel()
        alarm.close()


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0][:200]
