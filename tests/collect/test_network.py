"""Private networks are refused by the address that a name resolves to, unless named."""

import socket
import threading
import time
from typing import Any

import pytest

from minilm.collect.network import FetchError, is_public, resolve


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "fec0::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
        *("2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:7f00:1::1"),
    ],
)
def test_not_of_the_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::808:808"]
)
def test_of_the_internet(address: str) -> None:
    assert is_public(address)


def _answer_with(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def getaddrinfo(host: str, port: int, **kinds: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_every_address_of_a_name_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    _answer_with(monkeypatch, "1.1.1.1", "1.1.1.1", "8.8.8.8")
    assert resolve("example.org", 80) == ["1.1.1.1", "8.8.8.8"]
    _answer_with(monkeypatch, "1.1.1.1", "192.168.0.1")
    with pytest.raises(FetchError, match=r"example\.org is in a private network \(192\.168\.0\.1"):
        resolve("example.org", 80)
    assert resolve("example.org", 80, ("example.org",)) == ["1.1.1.1", "192.168.0.1"]
    with pytest.raises(FetchError, match="private network"):
        resolve("example.org", 80, ("other.org", "192.168.0.1"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]"[1:-1]])
def test_loopback_in_disguise(host: str) -> None:
    with pytest.raises(FetchError, match=r"private network|has no address"):
        resolve(host, 80)


def test_a_name_without_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kinds: Any) -> None:
        raise socket.gaierror("unknown name")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(FetchError, match="has no address: unknown name") as caught:
        resolve("nowhere.example", 80)
    assert caught.value.again


def test_a_resolver_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kinds: released.wait(20) and [])
    start = time.monotonic()
    with pytest.raises(FetchError, match=r"no answer in 0\.05 s"):
        resolve("slow.example", 80, patience=0.05)
    assert time.monotonic() - start < 10
    released.set()


def test_a_label_too_long_for_a_name() -> None:
    with pytest.raises(FetchError, match="has no address"):
        resolve("a" * 70 + ".example", 80)
