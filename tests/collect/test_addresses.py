"""Many ways to write an address, one to keep it; what cannot be fetched is no address."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minilm.collect.addresses import host_of, normalize_address, origin_of, pattern_of

PAGE = "http://example.org/a/b?x=1&y=2"


@pytest.mark.parametrize(
    "written",
    [
        "http://example.org/a/b?x=1&y=2",
        "HTTP://EXAMPLE.org/a/b?x=1&y=2",
        "http://example.org:80/a/b?x=1&y=2",
        "http://example.org/a/b?y=2&x=1",
        "http://example.org/a/b?x=1&y=2#top",
        "http://example.org/a/./c/../b?x=1&y=2",
        "http://example.org/%61/b?x=1&y=2",
        "  http://example.org/a/b?x=1&y=2\n",
        "http://example.org/a/b?x=1&y=2&utm_source=mail&fbclid=xyz",
        "http://example.org/a/b;jsessionid=0A1B?x=1&y=2&PHPSESSID=9",
        "//example.org/a/b?x=1&y=2",
        "/a/b?x=1&y=2",
        "b?x=1&y=2",
        "../a/b?x=1&y=2",
    ],
)
def test_one_page_has_one_address(written: str) -> None:
    assert normalize_address(written, "http://example.org/a/z") == PAGE


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("http://example.org", "http://example.org/"),
        ("http://example.org?q=1", "http://example.org/?q=1"),
        ("https://example.org:443/", "https://example.org/"),
        ("https://example.org:80/", "https://example.org:80/"),
        ("http://bücher.example/ä b", "http://xn--bcher-kva.example/%C3%A4%20b"),
        ("http://[::0:1]/", "http://[::1]/"),
        ("http://example.org/a%2fb", "http://example.org/a%2Fb"),
        ("http://example.org/?b=&a", "http://example.org/?a=&b="),
    ],
)
def test_what_stays(written: str, address: str) -> None:
    assert normalize_address(written) == address


@pytest.mark.parametrize(
    "written",
    [
        "",
        "mailto:a@example.org",
        "javascript:void(0)",
        "file:///etc/passwd",
        "ftp://example.org/",
        "data:text/html,x",
        "http://",
        "http:///a",
        "http://user:secret@example.org/",
        "http://example.org:99999/",
        "http://example.org:0/",
        "http://[::1",
        "http://example.org/" + "a" * 2000,
        "http://example.org/a/b/a/b/a/b/a/b",
        "relative/without/base",
    ],
)
def test_what_is_no_address(written: str) -> None:
    assert normalize_address(written) == ""


ANY_LINK = st.text() | st.text("ab/.?&=;#%:@[] \\\t1é\x00", max_size=30)


@given(ANY_LINK)
@example("http://a/%")
@example("/?;jsessionid=1")
@example("//[")
def test_any_text_is_an_address_or_none(link: str) -> None:
    address = normalize_address(link, "http://example.org/x/y")
    if address:
        assert normalize_address(address) == address  # what is normal stays as it is
        assert address.isascii()
        assert host_of(address)
        assert "#" not in address
        assert address.startswith(origin_of(address) + "/")
        pattern_of(address)


def test_hosts_origins_and_patterns() -> None:
    address = "http://example.org:8080/calendar/2026/11?day=3&view=week"
    assert host_of(address) == "example.org"
    assert origin_of(address) == "http://example.org:8080"
    later = "http://example.org:8080/calendar/2031/1?view=day&day=30"
    assert pattern_of(address) == pattern_of(later)
    assert pattern_of(address) != pattern_of(address + "&more=1")
    assert pattern_of(address) != pattern_of(address.replace("calendar", "events"))
    assert pattern_of(address) != pattern_of(address.replace("8080", "8081"))
