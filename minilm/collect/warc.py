"""Web pages in the archive's own form: WARC files, written as the crawl goes, read back as pages.

A WARC file is a chain of records, each with headers of its own: `warcinfo` says who crawled,
`response` holds what a server sent, `request` what was asked of it. Each record is compressed by
itself, so a file can be cut between two records, or read from the middle. The format is ISO 28500;
https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/
"""

import gzip
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from minilm.errors import MinilmError

FULL = 1_000_000_000  # bytes after which a new file begins: customary, and easy to move about
# They describe the bytes on the wire; what is stored is the body after decompression.
WIRE = {"content-encoding", "transfer-encoding", "content-length"}

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class WebPage:
    """What a server sent for an address, as bytes, and when (ISO 8601)."""

    url: str
    status: int
    content_type: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    date: str


@dataclass(frozen=True)
class Place:
    """Where a page stands: the file's name, and the bytes at which its records begin and end."""

    file: str
    start: int
    end: int


class WarcWriter:
    """Append pages to the WARC files of a folder, `crawl-00000.warc.gz` and so on.

    A page's records reach the disk before `append` returns. `last` is the place of the last page
    that is known to be complete; whatever a killed process left behind it is cut off.
    """

    def __init__(self, folder: Path, info: Mapping[str, str], last: Place | None = None) -> None:
        self._folder, self._info = folder, info
        self._number = int(last.file.split("-")[1].split(".")[0]) if last else 0
        self._file: IO[bytes] | None = None  # opened by the first page
        for path in sorted(folder.glob("crawl-*.warc.gz")):
            if last is None or path.name > last.file:
                path.unlink()
        if last:
            if not self._path.is_file() or self._path.stat().st_size < last.end:
                raise MinilmError(
                    f"{self._path} is shorter than what was written to it: pages are lost."
                    f" Crawl into another folder, or delete {folder} and begin anew."
                )
            os.truncate(self._path, last.end)

    @property
    def _path(self) -> Path:
        return self._folder / f"crawl-{self._number:05d}.warc.gz"

    def _open(self) -> IO[bytes]:
        """The file to append to: a new one when this one is full."""
        if self._file and self._file.tell() >= FULL:
            self._file.close()
            self._file, self._number = None, self._number + 1
        if self._file is None:
            self._file = open(self._path, "ab")  # noqa: SIM115 (closed by __exit__)
        return self._file

    def append(self, page: WebPage, sent: Headers = (), ip: str = "", reason: str = "") -> Place:
        """Write a page and the request that fetched it; return where they stand."""
        file = self._open()
        start = file.tell()
        writer = WARCWriter(file, gzip=True, warc_version="1.1")
        if start == 0:
            writer.write_record(writer.create_warcinfo_record(self._path.name, self._info))
        named = {"WARC-Date": page.date, **({"WARC-IP-Address": ip} if ip else {})}
        reason = reason or _phrase(page.status)
        headers = [(f"X-Crawl-{k}" if k.lower() in WIRE else k, v) for k, v in page.headers]
        headers.append(("Content-Length", str(len(page.body))))
        answer = StatusAndHeaders(f"{page.status} {reason}", headers, protocol="HTTP/1.1")
        line = f"GET {_target(page.url)} HTTP/1.1"
        question = StatusAndHeaders(line, list(sent), is_http_request=True)
        response = writer.create_warc_record(
            page.url,
            "response",
            payload=io.BytesIO(page.body),
            length=len(page.body),
            http_headers=answer,
            warc_headers_dict=named,
        )
        request = writer.create_warc_record(
            page.url, "request", http_headers=question, warc_headers_dict=named
        )
        writer.write_request_response_pair(request, response)
        file.flush()
        os.fsync(file.fileno())
        return Place(self._path.name, start, file.tell())

    def __enter__(self) -> "WarcWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file:
            self._file.close()


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""


def _target(url: str) -> str:
    """What stands in the request line: the address without its host."""
    rest = url.split("://", 1)[-1]
    return "/" + rest.partition("/")[2]


def read_responses(path: Path | str) -> Iterator[WebPage]:
    """Read the pages of a WARC file, ours or another's, compressed or not, in their order.

    Bodies are decompressed and unchunked where the server sent them so. Raises MinilmError that
    names the file when it is missing, damaged or cut off; the pages before the damage come first.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115 (the with below closes it)
    except OSError as error:
        raise MinilmError(f"{path} cannot be read: {error.strerror}.") from error
    with file:
        try:
            for record in ArchiveIterator(file):
                if record.rec_type == "response" and record.http_headers is not None:
                    yield _page_of(record)
            _check_end(path)
        except Exception as error:  # on damaged bytes warcio raises whatever it stumbles over
            raise MinilmError(f"{path} is not a whole WARC file: {ascii(error)[:100]}.") from error


def _check_end(path: Path | str) -> None:
    """Raise EOFError when a file ends inside a record: warcio takes half of one for the end."""
    with open(path, "rb") as file:
        if file.read(2) == b"\x1f\x8b":
            file.seek(0)
            with gzip.open(file) as records:
                while records.read(2**20):
                    pass
            return
        file.seek(-4, os.SEEK_END)
        if file.read() != b"\r\n\r\n":
            raise EOFError("it ends inside a record")


def _page_of(record: Any) -> WebPage:
    """Return a response record as a page; a record cut short raises EOFError."""
    headers = record.http_headers
    body = record.content_stream().read()
    if getattr(record.raw_stream, "limit", 0):
        raise EOFError(f"the record of {record.rec_headers.get_header('WARC-Target-URI')} is cut")
    status = headers.get_statuscode()
    return WebPage(
        url=record.rec_headers.get_header("WARC-Target-URI") or "",
        status=int(status) if status.isdigit() else 0,
        content_type=headers.get_header("Content-Type") or "",
        headers=tuple(headers.headers),
        body=body,
        date=record.rec_headers.get_header("WARC-Date") or "",
    )
