"""Ask an ordinary file compressor how many bits it needs for each byte of a text.

To compress is to predict: a compressor, too, spends few bits on what it expected. It looks for the
words at hand in the text just behind it, within a window: 32 KiB for gzip, 8 MiB for xz. Its bits
per byte stand beside a language model's in one table, and set a bar that needs no training.

The comparison has two sides. Alone with the text, a compressor starts from nothing, while the
model has read a whole training set. With `given` it may read that first, and only the extra bits
for the new text count; of what it has read it keeps no more than its window.

Sources: RFC 1951 (deflate) and RFC 1952 (gzip); the .xz file format (LZMA2). Both compressors come
with Python.
"""

import lzma
import zlib
from collections.abc import Sequence
from typing import Literal

from minilm.errors import MinilmError

Method = Literal["gzip", "xz"]
WINDOWS = {"gzip": 32 * 1024, "xz": 8 * 1024**2}  # bytes that each can look back
PIECE = 2**20


def compressed_bits_per_byte(data: bytes, method: Method = "gzip", *, given: bytes = b"") -> float:
    """Return the bits that `gzip -9` or `xz -6` needs for each byte of `data`.

    With `given`, a text read before, this is what `data` adds: size(given + data) - size(given),
    where only the last WINDOWS[method] bytes of `given` can matter and are used. Put the kinds of
    text that `data` holds near its end. Memory stays under 100 MB beside the texts; xz reads about
    2 MB a second.

    Raises MinilmError for no data and for an unknown method.
    """
    if method not in WINDOWS:
        raise MinilmError(f"There is no compressor {method!r} here: choose gzip or xz.")
    if not data:
        raise MinilmError("There is nothing to compress: the text is empty.")
    if not given:
        return 8 * compressed_size([data], method) / len(data)
    known = given[-WINDOWS[method] :]
    extra = compressed_size([known, data], method) - compressed_size([known], method)
    return 8 * extra / len(data)


def compressed_size(texts: Sequence[bytes], method: Method) -> int:
    """Count the bytes of the compressed file of some texts in a row, without keeping them."""
    compressor = zlib.compressobj(level=9, wbits=31) if method == "gzip" else lzma.LZMACompressor()
    size = 0
    for text in texts:
        view = memoryview(text)
        for start in range(0, len(text), PIECE):
            size += len(compressor.compress(view[start : start + PIECE]))
    return size + len(compressor.flush())
