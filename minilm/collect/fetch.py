"""One page, fetched with every limit that a stranger's server makes necessary.

A page may never begin, never end, be a film, unpack to gigabytes, or arrive a byte at a time. So
the address is checked before connecting, the content type before the body is read, the size while
it is read; a timeout ends each wait, and an alarm ends them all. Redirects are not followed here:
each is a new address, which the crawler has to check like any other.
"""

import http.client
import socket
import ssl
import threading
from collections.abc import Collection
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection
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
    ips = resolve(host, port, allow_private, patience=min(timeout, deadline))
    sent = {
        "Host": parts.netloc,
        "User-Agent": user_agent,
        "Accept": ", ".join(content_types) or "*/*",
        "Accept-Encoding": "gzip",
        "Connection": "close",
    }
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with ExitStack() as stack:
        alarm = stack.enter_context(_Alarm(deadline))
        try:
            line, ip = _connect(ips, port, min(timeout, deadline))
            stack.enter_context(line)
            alarm.watch(line)
            connection = stack.enter_context(closing(HTTPConnection(host, port, timeout=timeout)))
            connection.sock = _secure().wrap_socket(line, server_hostname=host) if secure else line
            connection.request("GET", target, headers=sent, preload_content=False)
            response = stack.enter_context(closing(connection.getresponse()))
            wanted = response.status == 200
            body = _read(response, max_bytes, cut, content_types) if wanted else b""
        except FetchError:
            if not alarm.rang:  # else half of the headers may have been judged
                raise
        except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            if not alarm.rang:
                again = not isinstance(error, DecodeError)
                raise FetchError(_first_line(error), again) from error
        if alarm.rang:  # also without an error: a body of unknown length ends with its socket
            raise FetchError(f"not done in {deadline:g} s", again=True)
    headers = tuple((str(name), str(value)) for name, value in response.headers.items())
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    reason = response.reason or ""
    return Answer(address, response.status, reason, headers, body, tuple(sent.items()), ip, now)


def _connect(ips: list[str], port: int, timeout: float) -> tuple[socket.socket, str]:
    """Connect to the first of the checked addresses that answers."""
    for ip in ips[:-1]:
        with suppress(OSError):
            return socket.create_connection((ip, port), timeout), ip
    return socket.create_connection((ips[-1], port), timeout), ips[-1]


@cache
def _secure() -> ssl.SSLContext:
    """How this machine trusts: the certificate must be vouched for, and name the host."""
    return ssl.create_default_context()


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
    """Cuts a line when its time is over: a timeout bounds one wait, and a drip is a thousand."""

    def __init__(self, seconds: float) -> None:
        self.rang = False
        self._line: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True

    def watch(self, line: socket.socket) -> None:
        """Hold on to a line, whatever wraps it later; what waits for it ends when it is cut."""
        self._line = line.dup()
        if self.rang:
            self._ring()

    def _ring(self) -> None:
        self.rang = True
        if self._line:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> "_Alarm":
        self._timer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()
        if self._line:
            self._line.close()


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0][:200]
