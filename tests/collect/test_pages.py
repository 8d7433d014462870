"""Pages become documents with an address, and those without text are counted."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from minilm.collect.pages import html_documents, page_document, warc_documents
from minilm.collect.warc import WarcWriter, WebPage
from minilm.errors import MinilmError

TEXT = "A page with a sentence that is long enough to be taken for the main text of the page."
HTML = f"<html lang=en><head><title>Page</title></head><body><p>{TEXT}</p></body></html>"


def web_page(html: str = HTML, **more) -> WebPage:
    facts = {
        "url": "https://example.org/a/b",
        "status": 200,
        "content_type": "text/html",
        "headers": (("Content-Type", "text/html"),),
        "date": "2026-11-24T08:00:00Z",
    }
    return WebPage(**(facts | more), body=html.encode())


def test_a_page_and_what_is_known_of_it() -> None:
    document = page_document(web_page(), id="web/1", source="web")
    assert document is not None
    assert document["text"] == TEXT
    assert (document["id"], document["source"], document["title"]) == ("web/1", "web", "Page")
    assert (document["origin"], document["language"]) == ("https://example.org/a/b", "en")
    assert (document["date"], document["licence"]) == ("2026-11-24", "not stated")
    assert "opt_out" not in document


@pytest.mark.parametrize(
    ("html", "field", "value"),
    [
        (HTML + "<a rel=license href='../terms'>", "licence", "https://example.org/terms"),
        (HTML + "<a rel=license href='http://['>", "licence", "not stated"),
        ("<meta name=date content=2001-02-03>" + HTML, "date", "2001-02-03"),
    ],
)
def test_what_a_page_says(html: str, field: str, value: str) -> None:
    document = page_document(web_page(html), id="x", source="web")
    assert document is not None
    assert document[field] == value  # type: ignore[literal-required]


def test_a_refusal_is_written_down() -> None:
    for page in (
        web_page("<meta name=robots content=noai>" + HTML),
        web_page(headers=(("X-Robots-Tag", "noai"),)),
    ):
        document = page_document(page, id="x", source="web")
        assert document is not None
        assert "noai" in document["opt_out"]


def test_pages_of_an_archive(tmp_path: Path) -> None:
    pages = [
        web_page(),
        web_page(status=404),
        web_page(headers=(("Content-Type", "image/png"),)),
        web_page("<html></html>"),
        web_page(url="https://example.org/c"),
    ]
    with WarcWriter(tmp_path, {}) as writer:
        for page in pages:
            writer.append(page)
    [path] = tmp_path.glob("*.warc.gz")
    left_out: Counter[str] = Counter()
    documents = list(warc_documents(path, left_out=left_out))
    assert [document["id"] for document in documents] == [f"files/{path}#1", f"files/{path}#5"]
    assert documents[1]["origin"] == "https://example.org/c"
    assert left_out == {"status 404": 1, "not a text: image/png": 1, "no main text": 1}
    assert documents == list(warc_documents(path, method="resiliparse"))


def test_a_cut_archive_gives_what_is_whole_and_then_its_name(tmp_path: Path) -> None:
    with WarcWriter(tmp_path, {}) as writer:
        writer.append(web_page())
        noise = "".join(chr(97 + n**5 % 23) for n in range(5000))
        second = writer.append(web_page(HTML + f"<!-- {noise} -->"))
    path = tmp_path / second.file
    path.write_bytes(path.read_bytes()[: (second.start + second.end) // 2])
    documents = warc_documents(path)
    assert next(documents)["text"] == TEXT
    with pytest.raises(MinilmError, match=r"\.warc\.gz"):
        list(documents)


def test_a_saved_page(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(HTML)
    [document] = html_documents(path, "mine")
    assert (document["text"], document["licence"], document["id"]) == (
        TEXT,
        "mine",
        f"files/{path}",
    )
    assert document["origin"] == path.as_uri()
    path.write_bytes(b"")
    left_out: Counter[str] = Counter()
    assert list(html_documents(path, left_out=left_out)) == []
    assert left_out == {"no main text": 1}
    with pytest.raises(MinilmError, match="cannot be read"):
        list(html_documents(tmp_path))


PEAK = """
import sys
from pathlib import Path
from minilm.collect.pages import warc_documents
from minilm.memory import peak_memory
print(sum(1 for _ in warc_documents(Path(sys.argv[1]))), peak_memory())
"""


def test_memory_does_not_grow_with_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five times the pages, 16 MB more of them, and the peak stays within 10 MB."""
    monkeypatch.setattr("os.fsync", lambda file: None)
    peaks = []
    for times in (80, 400):
        folder = tmp_path / str(times)
        folder.mkdir()
        with WarcWriter(folder, {}) as writer:
            for number in range(times):
                noise = f"<!-- {number} {'long ' * 10_000} -->"
                place = writer.append(web_page(HTML + noise, url=f"http://example.org/{number}"))
        command = [sys.executable, "-c", PEAK, folder / place.file]
        out = subprocess.run(command, capture_output=True, check=True).stdout
        n, memory = map(int, out.split())
        assert n == times
        peaks.append(memory)
    assert peaks[1] - peaks[0] < 10_000_000
