"""Compressed sizes against Python's own gzip and lzma."""

import gzip
import lzma
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.errors import MinilmError
from minilm.evaluate import compress
from minilm.evaluate.compress import WINDOWS, compressed_bits_per_byte, compressed_size

WORDS = ["the", "of", "and", "to", "people", "government", "union", "war", "peace", "law"]


def prose(n_words, seed=0):
    return " ".join(random.Random(seed).choices(WORDS, k=n_words)).encode()


@given(st.binary(max_size=3000))
def test_sizes_equal_the_ordinary_tools(data):
    assert compressed_size([data], "gzip") == len(gzip.compress(data, compresslevel=9, mtime=0))
    assert compressed_size([data], "xz") == len(lzma.compress(data))


@pytest.mark.parametrize("method", ["gzip", "xz"])
def test_texts_are_read_in_pieces(method, monkeypatch):
    whole = compressed_size([prose(5000)], method)
    monkeypatch.setattr(compress, "PIECE", 1000)
    assert compressed_size([prose(5000)], method) == whole


@pytest.mark.parametrize(("method", "tool"), [("gzip", gzip), ("xz", lzma)])
def test_bits_per_byte_of_a_text_alone(method, tool):
    data = prose(3000)
    expected = 8 * len(tool.compress(data)) / len(data)
    assert compressed_bits_per_byte(data, method) == pytest.approx(expected)
    assert expected < 3


@pytest.mark.parametrize("method", ["gzip", "xz"])
def test_noise_does_not_compress(method):
    assert 8 < compressed_bits_per_byte(random.Random(0).randbytes(20_000), method) < 8.2


@pytest.mark.parametrize("method", ["gzip", "xz"])
def test_a_text_read_before_helps(method):
    given = random.Random(0).randbytes(2000)
    alone = compressed_bits_per_byte(given, method)
    after = compressed_bits_per_byte(given, method, given=given)
    assert after < 0.5 < 8 < alone


def test_gzip_forgets_what_xz_still_knows():
    data, filler = (
        random.Random(seed).randbytes(size) for seed, size in ((0, 20_000), (1, 40_000))
    )
    assert len(filler) > WINDOWS["gzip"]
    forgotten = compressed_bits_per_byte(data, "gzip", given=data + filler)
    assert forgotten == compressed_bits_per_byte(data, "gzip", given=filler)
    assert compressed_bits_per_byte(data, "xz", given=data + filler) < 1 < 8 < forgotten


@pytest.mark.parametrize("method", ["gzip", "xz"])
def test_only_a_window_of_the_text_before_is_read(method, monkeypatch):
    sizes = []

    def recorded(texts, method):
        sizes.append([len(text) for text in texts])
        return 1

    monkeypatch.setattr(compress, "compressed_size", recorded)
    compressed_bits_per_byte(b"new", method, given=bytes(2 * WINDOWS[method]))
    assert sizes == [[WINDOWS[method], 3], [WINDOWS[method]]]


def test_bad_input_is_named():
    with pytest.raises(MinilmError, match="empty"):
        compressed_bits_per_byte(b"")
    with pytest.raises(MinilmError, match="choose gzip or xz"):
        compressed_bits_per_byte(b"text", "zip")
