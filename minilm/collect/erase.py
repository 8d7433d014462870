"""Erasing pages from a WARC file: in the place of their records stands one of the same length.

Each record is a gzip member of its own, so it can be replaced without touching its neighbors; and
since the bytes before and after stay where they were, a frontier that knows places by offset stays
right. The new member says that something was removed; its gzip header carries a comment as long as
is needed (RFC 1952, section 2.3).
"""

import gzip
import shutil
import struct
import zlib
from collections.abc import Collection
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator

from minilm.errors import MinilmError
from minilm.files import atomic_writer

NOTE = b"removed on request"
HEAD = (
    b"WARC/1.1\r\nWARC-Type: metadata\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-"
    b"000000000000>\r\nWARC-Date: 1970-01-01T00:00:00Z\r\nContent-Type: text/plain\r\n"
)


def erase_pages(source: Path, target: Path, addresses: Collection[str]) -> int:
    """Copy a compressed WARC file without the records of some addresses; return how many.

    Raises MinilmError that names the file when it is damaged.
    """
    spans = _spans(source, addresses)
    with atomic_writer(target) as file, open(source, "rb") as old:
        shutil.copyfileobj(old, file)
        for start, stop in spans:
            file.seek(start)
            file.write(_filler(stop - start))
    return len(spans)


def _spans(source: Path, addresses: Collection[str]) -> list[tuple[int, int]]:
    """The first byte of each record about one of the addresses, and the first byte after it."""
    spans = []
    with open(source, "rb") as file:
        records = ArchiveIterator(file)
        try:
            with gzip.open(source) as whole:  # warcio takes damage for the end of the file
                while whole.read(2**20):
                    pass
            for record in records:
                address = record.rec_headers.get_header("WARC-Target-URI")
                records.read_to_end(record)
                if address in addresses:
                    start = records.get_record_offset()
                    spans.append((start, start + records.get_record_length()))
        except Exception as error:  # on damaged bytes warcio raises whatever it stumbles over
            raise MinilmError(
                f"{source} is not a whole WARC file: {ascii(error)[:100]}."
            ) from error
    return spans


def _filler(length: int) -> bytes:
    """A gzip member of exactly `length` bytes that holds one record, the note."""
    record = HEAD + b"Content-Length: %d\r\n\r\n%s\r\n\r\n" % (len(NOTE), NOTE)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(record) + packer.flush()
    padding = length - 10 - 1 - len(packed) - 8
    if padding < 0:
        raise MinilmError(f"A record of {length} bytes is too short to be replaced in its place.")
    header = b"\x1f\x8b\x08\x10" + b"\x00" * 4 + b"\x02\xff" + b" " * padding + b"\x00"
    return header + packed + struct.pack("<II", zlib.crc32(record), len(record))
