"""A site of any answers, for as long as it is needed, and a log of what it was asked."""

import urllib.error
import urllib.request

import pytest

from minilm.collect.loopback import serve


def test_a_site_and_its_log() -> None:
    with serve(lambda path: (200, {"Content-Type": "text/plain", "X-A": path}, b"hi")) as site:
        with urllib.request.urlopen(site.address + "a?b=1", timeout=30) as answer:
            assert (answer.read(), answer.headers["X-A"]) == (b"hi", "/a?b=1")
        urllib.request.urlopen(site.address + "c", timeout=30).close()
    assert site.paths == ["/a?b=1", "/c"]
    assert site.log[0].at < site.log[1].at
    assert site.log[0].user_agent.startswith("Python-urllib")
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(site.address, timeout=30)  # it is closed
