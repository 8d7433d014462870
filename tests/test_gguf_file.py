"""GGUF files against the package that writes them, and against every kind of damage."""

import contextlib
from pathlib import Path

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind
from gguf.quants import _type_traits
from hypothesis import given
from hypothesis import strategies as st

from minilm.errors import MinilmError
from minilm.gguf_file import GGUFFile

KINDS = [Kind.F32, Kind.F16, *_type_traits]


def write(path: Path, kinds: list[Kind] = KINDS) -> Path:
    """A file with metadata of every type and a tensor of random bytes of every kind."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_uint8("a.uint8", 200)
    writer.add_int8("a.int8", -100)
    writer.add_uint16("a.uint16", 60_000)
    writer.add_int16("a.int16", -30_000)
    writer.add_uint32("a.uint32", 4_000_000_000)
    writer.add_int32("a.int32", -2_000_000_000)
    writer.add_uint64("a.uint64", 2**63)
    writer.add_int64("a.int64", -(2**62))
    writer.add_float32("a.float32", 0.1)
    writer.add_float64("a.float64", 0.1)
    writer.add_bool("a.bool", True)
    writer.add_string("a.text", "naïve 中文")
    writer.add_array("a.texts", ["Ġthe", "", "é"])
    writer.add_array("a.numbers", [3, -1, 4])
    random = np.random.default_rng(0)
    for kind in kinds:
        per_block, n_bytes = gguf.GGML_QUANT_SIZES[kind]
        shape = (3, 2, 512 // per_block * n_bytes)
        writer.add_tensor(kind.name, random.integers(0, 60, shape, np.uint8), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("gguf") / "model.gguf")


def test_metadata_and_table_equal_the_reader_of_the_package(path: Path):
    ours, theirs = GGUFFile(path), gguf.GGUFReader(path)
    for name, value in ours.metadata.items():
        assert value == theirs.fields[name].contents()
    assert len(ours.metadata) == len(theirs.fields) - 3  # it counts the header's three numbers, too
    assert list(ours.tensors) == [tensor.name for tensor in theirs.tensors]
    for tensor in theirs.tensors:
        shape, kind, start, n_bytes = ours.tensors[tensor.name]
        assert shape == tuple(tensor.shape.tolist()[::-1]) == (3, 2, 512)
        assert kind == tensor.tensor_type.name
        assert (start, n_bytes) == (tensor.data_offset, tensor.n_bytes)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_is_computed_back(path: Path, kind: Kind):
    theirs = {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}[kind.name]
    with np.errstate(all="ignore"):
        expected = gguf.dequantize(theirs.data, kind)
        found = GGUFFile(path).read(kind.name)
    assert found.shape == (3, 2, 512)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def test_a_kind_that_the_package_cannot_compute_is_named(tmp_path: Path):
    file = GGUFFile(write(tmp_path / "model.gguf", [Kind.Q8_K]))
    with pytest.raises(MinilmError, match="keeps Q8_K as Q8_K, which the package gguf cannot"):
        file.read("Q8_K")


def test_another_alignment(tmp_path: Path):
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "llama")
    writer.add_custom_alignment(128)
    for name in "ab":
        writer.add_tensor(name, np.full(5, ord(name), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert GGUFFile(tmp_path / "model.gguf").read("b").tolist() == [98.0] * 5


def test_a_file_cut_anywhere_is_named(path: Path, tmp_path: Path):
    whole, cut = path.read_bytes(), tmp_path / "cut.gguf"
    places = [*range(0, 2500, 7), len(whole) // 2, len(whole) - 1]
    for place in places:
        cut.write_bytes(whole[:place])
        with pytest.raises(MinilmError, match=r"cut\.gguf is not a whole GGUF file"):
            GGUFFile(cut)


@given(place=st.integers(0, 2500), value=st.integers(0, 255))
def test_a_changed_byte_in_the_header_is_an_error_or_another_header(
    path: Path, tmp_path_factory: pytest.TempPathFactory, place: int, value: int
):
    data = bytearray(path.read_bytes())
    data[place] = value
    changed = tmp_path_factory.getbasetemp() / "changed.gguf"
    changed.write_bytes(data)
    with contextlib.suppress(MinilmError):  # and no other error
        GGUFFile(changed)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not a whole GGUF file"),
        (b"PK\3\4" * 10, "does not begin with GGUF"),
        (b"GGUF" + bytes([1]) + bytes(40), "is not a whole"),
        (b"GGUF" + bytes([0, 0, 0, 3]) + bytes(40), "version is 50331648"),  # the other byte order
    ],
)
def test_other_files_are_refused(data: bytes, message: str, tmp_path: Path):
    (tmp_path / "other").write_bytes(data)
    with pytest.raises(MinilmError, match=message):
        GGUFFile(tmp_path / "other")
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(MinilmError, match=r"cannot be read: (Is a directory|No such file)"):
            GGUFFile(path)
