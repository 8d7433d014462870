"""One page, within every limit; each trap is set here as the bytes that a server sends."""

import gzip
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from minilm.collect import fetch as fetch_module
from minilm.collect.fetch import Answer, fetch, wait_of
from minilm.collect.network import FetchError

LOOPBACK = ("127.0.0.1",)
HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
RawSite = Callable[[Callable[[str], Iterator[bytes]]], Any]


def get(address: str, **limits: Any) -> Answer:
    usual: dict[str, Any] = {"user_agent": "minilm-test/1", "allow_private": LOOPBACK}
    return fetch(address, **(usual | limits))


def refusal(address: str, **limits: Any) -> FetchError:
    start = time.monotonic()
    with pytest.raises(FetchError) as caught:
        get(address, **limits)
    assert time.monotonic() - start < 15  # a trap, left; the limits in these tests are below 1 s
    return caught.value


def test_a_page(raw_site: RawSite) -> None:
    site = raw_site(lambda path: iter([HTML + b"X-Robots-Tag: noai\r\n\r\n<p>h", b"i</p>"]))
    answer = get(f"{site.address}a/b?x=1&y=2", content_types=("text/html", "text/plain"))
    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"<p>hi</p>")
    assert answer.header("x-robots-tag") == "noai"
    assert answer.header("missing") == ""
    assert answer.ip == "127.0.0.1"
    assert datetime.now(UTC) - datetime.fromisoformat(answer.date) < timedelta(minutes=5)
    question = site.asked[0].split("\n")
    assert question[0] == "GET /a/b?x=1&y=2 HTTP/1.1"
    assert f"Host: 127.0.0.1:{site.port}" in question
    assert "User-Agent: minilm-test/1" in question
    assert len([line for line in question if line.startswith("Host:")]) == 1
    assert dict(answer.sent)["User-Agent"] == "minilm-test/1"


def test_only_a_page_has_a_body(raw_site: RawSite) -> None:
    site = raw_site(lambda path: iter([b"HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\nbody"]))
    answer = get(site.address)
    assert (answer.status, answer.header("location"), answer.body) == (302, "/b", b"")
    assert site.paths == ["/"]  # not followed


def test_compressed_and_chunked(raw_site: RawSite) -> None:
    data = gzip.compress(b"hello " * 1000)
    head = HTML + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = [b"%x\r\n%s\r\n" % (len(p), p) for p in (data[:9], data[9:])]
    site = raw_site(lambda path: iter([head, *chunks, b"0\r\n\r\n"]))
    assert get(site.address).body == b"hello " * 1000
    assert "Accept-Encoding: gzip" in site.asked[0]


def test_a_private_host_is_not_even_connected_to(raw_site: RawSite) -> None:
    site = raw_site(lambda path: iter([HTML + b"\r\n"]))
    error = refusal(site.address, allow_private=())
    assert "private network (127.0.0.1)" in str(error)
    assert not error.again
    assert site.asked == []


def test_the_connection_goes_to_the_address_that_was_checked(
    raw_site: RawSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that resolves publicly first and privately afterwards must not get through."""
    site = raw_site(lambda path: iter([HTML + b"\r\nsecret"]))
    answers = iter([[(2, 1, 6, "", ("203.0.113.1", 80))], [(2, 1, 6, "", ("127.0.0.1", 80))]])
    known = socket.getaddrinfo

    def rebinding(host: str, *args: Any, **kinds: Any) -> Any:
        return next(answers) if host == "rebinding.example" else known(host, *args, **kinds)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr("minilm.collect.network.is_public", lambda ip: ip != "127.0.0.1")
    refusal(f"http://rebinding.example:{site.port}/", timeout=0.2, deadline=0.5)
    assert site.asked == []


def test_the_first_address_that_answers(raw_site: RawSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site = raw_site(lambda path: iter([HTML + b"\r\nhere"]))
    ips = ["127.0.0.2", "127.0.0.1", "127.0.0.3"]  # somebody listens on the second alone
    monkeypatch.setattr("minilm.collect.fetch.resolve", lambda *args, **kinds: ips)
    monkeypatch.setattr("minilm.collect.fetch.PIECE", 2)
    answer = get(f"http://two.example:{site.port}/")
    assert (answer.body, answer.ip) == (b"here", "127.0.0.1")
    assert f"Host: two.example:{site.port}" in site.asked[0]


def endless(start: bytes, piece: bytes, pause: float = 0.0) -> Callable[[str], Iterator[bytes]]:
    def pieces(path: str) -> Iterator[bytes]:
        yield start
        while True:
            time.sleep(pause)
            yield piece

    return pieces


def test_a_page_without_end(raw_site: RawSite) -> None:
    site = raw_site(endless(HTML + b"\r\n", b"x" * 10_000))
    error = refusal(site.address, max_bytes=100_000)
    assert str(error) == "more than 100,000 bytes"
    assert not error.again
    assert 100_000 < error.n_bytes < 300_000
    assert site.hung_up.wait(10)


def test_a_page_that_says_how_large_it_is(raw_site: RawSite) -> None:
    site = raw_site(endless(HTML + b"Content-Length: 100001\r\n\r\n", b"x", pause=0.05))
    error = refusal(site.address, max_bytes=100_000)
    assert str(error) == "more than 100,000 bytes"
    assert error.n_bytes == 0  # nothing of the body was read
    assert site.hung_up.wait(10)


def test_the_largest_page_that_fits(raw_site: RawSite) -> None:
    site = raw_site(lambda path: iter([HTML + b"\r\n" + b"x" * 1000]))
    assert len(get(site.address, max_bytes=1000).body) == 1000
    assert "more than 999 bytes" in str(refusal(site.address, max_bytes=999))
    assert get(site.address, max_bytes=999, cut=True).body == b"x" * 999


def test_a_small_page_that_unpacks_to_a_large_one(raw_site: RawSite) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    head = HTML + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    site = raw_site(lambda path: iter([head + bomb]))
    error = refusal(site.address, max_bytes=100_000)
    assert str(error) == "more than 100,000 bytes"
    assert error.n_bytes < 1_000_000  # it was not unpacked to its end


def test_broken_compression(raw_site: RawSite) -> None:
    head = HTML + b"Content-Encoding: gzip\r\n\r\n"
    site = raw_site(lambda path: iter([head + b"no gzip at all"]))
    assert not refusal(site.address).again


@pytest.mark.parametrize("kind", [b"Content-Type: video/mp4\r\n", b"Content-Type: \r\n", b""])
def test_the_type_is_checked_before_the_body(raw_site: RawSite, kind: bytes) -> None:
    site = raw_site(endless(b"HTTP/1.1 200 OK\r\n" + kind + b"\r\n", b"x" * 1000, pause=0.01))
    error = refusal(site.address, content_types=("text/html",), deadline=5)
    assert str(error).startswith("content type")
    assert not error.again
    assert site.hung_up.wait(10)


DRIPS = {
    "status line": (b"", b"H"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X"),
    "body of known length": (HTML + b"Content-Length: 10000\r\n\r\n", b"x"),
    "body of unknown length": (HTML + b"\r\n", b"x"),
    "body by HTTP/1.0": (HTML.replace(b"1.1", b"1.0") + b"\r\n", b"x"),
    "chunks": (HTML + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "inside a chunk": (HTML + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n", b"x"),
}


@pytest.mark.parametrize("where", list(DRIPS))
def test_a_slow_drip_ends(raw_site: RawSite, where: str) -> None:
    """No pause is longer than the timeout, and yet the page would take for ever."""
    site = raw_site(endless(*DRIPS[where], pause=0.05))
    start = time.monotonic()
    error = refusal(site.address, timeout=9.0, deadline=0.4)
    assert time.monotonic() - start < 7
    assert str(error) == "not done in 0.4 s"
    assert error.again
    assert site.hung_up.wait(10)


def test_silence_ends(raw_site: RawSite) -> None:
    site = raw_site(endless(HTML + b"\r\n", b"x", pause=2.0))
    error = refusal(site.address, timeout=0.1)
    assert "timed out" in str(error)
    assert error.again


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = refusal(f"http://127.0.0.1:{port}/")
    assert error.again


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        HTML + b"Content-Length: 100\r\n\r\nshort",
        HTML + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HTML + b"".join(b"X-%d: y\r\n" % n for n in range(300)) + b"\r\n",
        HTML + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
)
def test_nonsense_is_an_error_that_says_so(raw_site: RawSite, sent: bytes) -> None:
    site = raw_site(lambda path: iter([sent]))
    assert str(refusal(site.address))


def test_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone must vouch for a site, and for the name that was asked for."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=x -keyout {key}"
    names = ["-addext", "subjectAltName=DNS:known.example", "-out", str(cert)]
    try:
        subprocess.run([*command.split(), *names], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no openssl here to make a certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    monkeypatch.setattr("minilm.collect.fetch.resolve", lambda *args, **kinds: ["127.0.0.1"])
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def greet() -> None:
            for _ in range(3):
                client, _ = server.accept()
                with client, suppress(OSError), context.wrap_socket(client, True) as secured:
                    secured.recv(1000)
                    secured.sendall(HTML + b"\r\nsafe")

        greeter = threading.Thread(target=greet, daemon=True)
        greeter.start()
        assert "certificate" in str(refusal(f"https://known.example:{port}/")).lower()
        fetch_module._secure().load_verify_locations(cert)
        try:
            assert get(f"https://known.example:{port}/").body == b"safe"
            assert "certificate" in str(refusal(f"https://other.example:{port}/")).lower()
        finally:
            fetch_module._secure.cache_clear()
        greeter.join(10)


def test_a_handshake_that_never_comes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # accepts, and says nothing
        address = f"https://127.0.0.1:{server.getsockname()[1]}/"
        start = time.monotonic()
        error = refusal(address, timeout=9.0, deadline=0.3)
        assert time.monotonic() - start < 7
    assert str(error) == "not done in 0.3 s"


@pytest.mark.parametrize(
    ("asked", "seconds"), [("120", 120), (" 7 ", 7), ("soon", 0), ("-3", 0), ("", 0), ("1e3", 0)]
)
def test_wait_in_seconds(asked: str, seconds: float) -> None:
    assert wait_of(_busy(asked)) == seconds


def test_wait_until_a_date() -> None:
    future = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 50 < wait_of(_busy(future)) <= 100
    assert wait_of(_busy("Fri, 31 Dec 1999 23:59:59 GMT")) == 0
    assert wait_of(_busy("Fri, 31 Dec 1999 23:59:59")) == 0


def _busy(retry_after: str) -> Answer:
    headers = (("Retry-After", retry_after),)
    return Answer("http://a/", 503, "", headers, b"", (), "", "")
