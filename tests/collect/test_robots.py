"""Rules are read before pages, and a site whose rules cannot be had is left alone."""

from itertools import pairwise
from typing import Any

import pytest

from minilm.collect.fetch import Answer
from minilm.collect.network import FetchError
from minilm.collect.robots import SiteRules, product_token, read_site_files

SITE = "http://a.example"
ROBOTS, AI = f"{SITE}/robots.txt", f"{SITE}/ai.txt"


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    told = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(SITE, status, "", told, body, (), "", "")


def read(answers: dict[str, Any]) -> tuple[dict[str, bytes], list[str]]:
    """Read a site that gives these answers, 404 for all else; return its files, what was asked."""
    asked: list[str] = []

    def get(address: str) -> Answer:
        asked.append(address)
        given = answers.get(address, answer(404))
        if isinstance(given, Exception):
            raise given
        return given

    return read_site_files(SITE, get, lambda: asked.append("pause")), asked


def test_all_files_with_a_pause_between_them() -> None:
    files, asked = read({ROBOTS: answer(200, b"User-agent: *"), AI: answer(200, b"x")})
    assert files == {"/robots.txt": b"User-agent: *", "/ai.txt": b"x"}
    assert asked == [ROBOTS, "pause", AI, "pause", f"{SITE}/.well-known/tdmrep.json"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 204, 304])
def test_without_robots_txt_all_is_allowed(status: int) -> None:
    files, _ = read({ROBOTS: answer(status)})
    assert files == {}
    assert SiteRules(files, "minilm/1").why_not(f"{SITE}/private") == ""


@pytest.mark.parametrize("status", [429, 500, 503, 599])
def test_a_site_in_trouble_is_left_alone(status: int) -> None:
    with pytest.raises(FetchError, match=f"status {status}") as caught:
        read({ROBOTS: answer(status, Retry_After="30")})
    assert caught.value.again
    assert caught.value.wait == 30


def test_an_unreachable_robots_txt_is_an_error_but_no_other_file() -> None:
    with pytest.raises(FetchError, match="gone"):
        read({ROBOTS: FetchError("gone", again=True)})
    assert read({AI: FetchError("gone", again=True)})[0] == {}
    assert read({AI: answer(500)})[0] == {}


def test_redirects_of_robots_txt() -> None:
    def chain(length: int) -> dict[str, Answer]:
        steps = [ROBOTS, *(f"{SITE}/{n}" for n in range(length - 1)), "http://b.example/r"]
        hops = {a: answer(301, Location=b) for a, b in pairwise(steps)}
        return {**hops, "http://b.example/r": answer(200, b"User-agent: *\nDisallow: /")}

    for length in (1, 5):  # five are to be followed, also to another host
        assert read(chain(length))[0]["/robots.txt"] == b"User-agent: *\nDisallow: /"
    files, asked = read({ROBOTS: answer(302, Location="/robots.txt")})
    assert files == {}  # a loop is no robots.txt
    assert asked.count(ROBOTS) == 6


def rules(robots: str | bytes, user_agent: str = "minilm/0.1 (+me@example.org)") -> SiteRules:
    text = robots if isinstance(robots, bytes) else robots.encode()
    return SiteRules({"/robots.txt": text}, user_agent)


def test_the_group_that_names_us_counts() -> None:
    text = "User-agent: *\nDisallow: /\nUser-agent: MiniLM\nDisallow: /private\nAllow: /private/ok"
    ours = rules(text)
    assert ours.why_not(f"{SITE}/page") == ""
    assert ours.why_not(f"{SITE}/private/x") == "robots.txt refuses us"
    assert ours.why_not(f"{SITE}/private/ok/x") == ""
    assert rules(text, "other/1").why_not(f"{SITE}/page") == "robots.txt refuses us"


def test_wildcards_byte_order_mark_and_long_files() -> None:
    text = "User-agent: *\nDisallow: /*.pdf$\n"
    assert rules(text).why_not(f"{SITE}/a.pdf")
    assert not rules(text).why_not(f"{SITE}/a.pdf?x")
    assert rules("\ufeff" + text).why_not(f"{SITE}/a.pdf")
    late = text + "#" * 500 * 1024 + "\nDisallow: /late"
    assert not rules(late).why_not(f"{SITE}/late")  # the first 500 KiB are read
    assert rules(late).why_not(f"{SITE}/a.pdf")
    assert not rules(b"\xff\xfe\x00 <html>no robots</html>").why_not(f"{SITE}/x")


def test_refusals_of_training_count_as_well() -> None:
    assert "GPTBot" in rules("User-agent: GPTBot\nDisallow: /art").why_not(f"{SITE}/art/1")
    assert not rules("User-agent: GPTBot\nDisallow: /art").why_not(f"{SITE}/text")
    no = SiteRules({"/ai.txt": b"User-agent: *\nDisallow: /"}, "minilm/1")
    assert no.why_not(f"{SITE}/x") == "ai.txt refuses us"


@pytest.mark.parametrize(
    ("lines", "delay"),
    [
        ("", 0),
        ("Crawl-delay: 2.5", 2.5),
        ("Crawl-delay: soon", 0),
        ("Crawl-delay: -1", 0),
        ("Request-rate: 1/10", 10),
        ("Request-rate: 5/10\nCrawl-delay: 3", 3),
    ],
)
def test_the_pace_that_an_owner_asks_for(lines: str, delay: float) -> None:
    assert rules(f"User-agent: *\n{lines}\nDisallow: /x").delay == delay
    assert rules(f"User-agent: other\n{lines}\nDisallow: /x").delay == 0


@pytest.mark.parametrize("agent", ["minilm", "minilm/0.1", "minilm/0.1 (+mailto:me@example.org)"])
def test_the_name_in_robots_txt(agent: str) -> None:
    assert product_token(agent) == "minilm"


def test_a_contact_that_is_another_robots_name() -> None:
    """Rules for GPTBot are not ours because our contact page mentions it."""
    text = "User-agent: examplebot\nCrawl-delay: 50"
    assert rules(text, "minilm/1 (+http://me.example/examplebot)").delay == 0
