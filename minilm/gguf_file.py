"""A GGUF file: what is said about a model, and its tensors, read where they lie.

    file = GGUFFile("model.gguf")
    file.metadata["general.architecture"]  # "llama"
    file.tensors["token_embd.weight"]      # StoredTensor(shape=(49152, 576), kind="Q8_0", ...)
    file.read("token_embd.weight")         # an array of float32, computed from the blocks

The file begins with the letters GGUF, a version and two counts; then come the metadata as pairs of
key and value, then for each tensor its name, shape, kind and offset, then the numbers. A kind such
as Q4_1 keeps 32 weights in a block of 20 bytes; the package `gguf` knows how each kind is computed
back. Only the pages of the file that are read are loaded.

Source: the specification of GGUF, version 3, in the repository of ggml (docs/gguf.md).
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from minilm.errors import MinilmError

MAGIC = b"GGUF"
NUMBERS = {0: "<u1", 1: "<i1", 2: "<u2", 3: "<i2", 4: "<u4", 5: "<i4", 6: "<f4", 7: "?"}
NUMBERS |= {10: "<u8", 11: "<i8", 12: "<f8"}
TEXT, ARRAY = 8, 9


class StoredTensor(NamedTuple):
    """Where a tensor lies: its shape as torch has it, its kind, and its bytes in the file."""

    shape: tuple[int, ...]
    kind: str
    start: int
    n_bytes: int


class GGUFFile:
    """The metadata and the table of tensors of a GGUF file; `read` computes one tensor's numbers.

    Raises MinilmError when the file is missing, damaged, or something else.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            self._bytes = np.memmap(self.path, np.uint8, "r")
            self._read_header()
        except OSError as error:
            raise MinilmError(f"{self.path} cannot be read: {error.strerror or error}.") from error
        except (struct.error, ValueError, KeyError, ArithmeticError) as error:
            raise MinilmError(
                f"{self.path} is not a whole GGUF file of version 2 or 3 ({error})."
                " Copy or download it again."
            ) from error

    def _read_header(self) -> None:
        header = _Header(self._bytes.data)
        if self._bytes[:4].tobytes() != MAGIC:
            raise ValueError("it does not begin with GGUF")
        header.place = 4
        version, n_tensors, n_pairs = header.take("<IQQ")
        if version not in (2, 3):
            raise ValueError(f"its version is {version}")
        self.metadata: dict[str, Any] = {}
        for _ in range(n_pairs):
            key, kind = header.text(), header.take("<I")[0]
            self.metadata[key] = header.value(kind)
        listed = [header.tensor() for _ in range(n_tensors)]
        alignment = int(self.metadata.get("general.alignment", 32))
        start = header.place + -header.place % alignment  # the numbers begin at a round place
        self.tensors = {
            name: _locate(start + offset, shape, kind) for name, offset, shape, kind in listed
        }
        end = max((t.start + t.n_bytes for t in self.tensors.values()), default=0)
        if end > len(self._bytes):
            raise ValueError(f"{end - len(self._bytes):,} bytes are missing at the end")

    def raw(self, name: str) -> npt.NDArray[np.uint8]:
        """Return a tensor's bytes as they lie in the file, a row for each row of the tensor."""
        shape, _, start, n_bytes = self.tensors[name]
        return self._bytes[start : start + n_bytes].reshape(*shape[:-1], -1)

    def read(self, name: str) -> npt.NDArray[np.float32]:
        """Compute a tensor's numbers from its blocks, as an array of float32 of its own.

        Raises MinilmError for a kind that the package `gguf` cannot compute back.
        """
        import gguf

        kind = self.tensors[name].kind
        try:
            numbers = gguf.dequantize(self.raw(name), gguf.GGMLQuantizationType[kind])
            return np.require(numbers, requirements=["W"])  # F32 is still the file itself
        except NotImplementedError as error:
            raise MinilmError(
                f"{self.path} keeps {name} as {kind}, which the package gguf cannot compute back."
                " Choose a file of the same model in F16 or Q8_0."
            ) from error


def _locate(start: int, shape: tuple[int, ...], kind: int) -> StoredTensor:
    """Say how many bytes a tensor takes: each block of a row's numbers takes so many."""
    import gguf

    known = gguf.GGMLQuantizationType(kind)
    per_block, block_bytes = gguf.GGML_QUANT_SIZES[known]
    if not shape or shape[-1] % per_block:
        raise ValueError(f"rows of {shape} do not fill blocks of {per_block}")
    return StoredTensor(shape, known.name, start, math.prod(shape) // per_block * block_bytes)


class _Header:
    """The bytes of a header and the place up to which they are read."""

    def __init__(self, data: memoryview) -> None:
        self.data, self.place = data, 0

    def take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self.data, self.place)
        self.place += struct.calcsize(form)
        return values

    def text(self) -> str:
        n_bytes = self.take("<Q")[0]
        start, self.place = self.place, self.place + n_bytes
        if self.place > len(self.data):
            raise ValueError("a text ends after the end of the file")
        return str(self.data[start : self.place], "utf-8")

    def value(self, kind: int) -> Any:
        if kind == TEXT:
            return self.text()
        if kind == ARRAY:
            kind, length = self.take("<IQ")
            return (
                [self.text() for _ in range(length)] if kind == TEXT else self.numbers(kind, length)
            )
        return self.numbers(kind, 1)[0]

    def numbers(self, kind: int, length: int) -> list[Any]:
        values = np.frombuffer(self.data, NUMBERS[kind], length, self.place)
        self.place += values.nbytes
        return values.tolist()

    def tensor(self) -> tuple[str, int, tuple[int, ...], int]:
        """Return name, offset, shape (the file lists the innermost size first) and kind."""
        name, n_sizes = self.text(), self.take("<I")[0]
        if n_sizes > 4:
            raise ValueError(f"{name} has {n_sizes} dimensions")
        sizes = self.take(f"<{n_sizes}Q")
        kind, offset = self.take("<IQ")
        return name, offset, sizes[::-1], kind
