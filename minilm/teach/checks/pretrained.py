"""The checks of chapter 36."""

import json
import struct
from collections.abc import Callable

import gguf
import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from torch import Tensor

from minilm.model.layouts import neighbors
from minilm.teach.check import Checks, exercise


@exercise
def dequantize_q4_0(attempt: Callable[[bytes], npt.NDArray[np.float32]]) -> Checks:
    """One block of 18 bytes, as the package gguf computes it back."""
    kind = gguf.GGMLQuantizationType.Q4_0
    block = np.float16(0.5).tobytes() + bytes([0x80 + i for i in range(16)])
    found = np.asarray(attempt(block))
    yield found.shape == (32,), f"18 bytes hold 32 weights, not an array of {found.shape}"
    low = (np.arange(16) - 8) * 0.5
    if not np.allclose(found, [*low, *[0.0] * 16]) and found.max() > 100:
        yield False, f"your largest weight is {found.max():.1f}: unsigned bytes have no -5"
    yield (
        not np.allclose(found, 0.5 * np.r_[0:16, [8] * 16]),
        "8 is subtracted from each number before the scale",
    )
    yield (
        np.allclose(found[:16], low),
        f"weights 0 to 15 are in the low halves of the bytes: {low[:4]}..., not {found[:4]}...",
    )
    yield np.allclose(found[16:], 0), f"the high halves are 8, so weights of 0, not {found[16]}"
    weights = np.random.default_rng(0).normal(size=(50, 32)).astype(np.float32)
    for row in gguf.quantize(weights, kind):
        expected = gguf.dequantize(row, kind)
        same = np.array_equal(np.asarray(attempt(row.tobytes()), dtype=np.float32), expected)
        if not same:
            break
    yield same, "a random block differs from gguf's: is everything float32?"


@exercise
def to_halves(attempt: Callable[[Tensor, int], Tensor]) -> Checks:
    """Rows of heads from neighboring pairs to pairs across the halves."""
    one = attempt(torch.arange(4), 4)
    yield one.shape == (4,), f"(4,) rows go in, {tuple(one.shape)} came out"
    yield (
        one.tolist() == [0, 2, 1, 3],
        f"in a head of 4, the pairs (0, 1), (2, 3) become 0 2 | 1 3; yours are {one.tolist()}",
    )
    two = attempt(torch.arange(8), 4).tolist()
    yield two == [0, 2, 1, 3, 4, 6, 5, 7], f"two heads stay apart; yours are {two}"
    wide = attempt(torch.arange(6), 6).tolist()
    yield (
        wide == [0, 2, 4, 1, 3, 5],
        f"a head of 6 is {wide}: `neighbors` again is not the way back",
    )
    rows = torch.randn(3 * 8, 5, generator=torch.Generator().manual_seed(0))
    yield (
        torch.equal(neighbors(attempt(rows, 8), 8), rows),
        "`neighbors` of your result must be the matrix that went in",
    )


@exercise
def induction_score(attempt: Callable[[Tensor, int], float]) -> Checks:
    """The mean weight on the token after the last occurrence."""
    t = torch.arange(12)
    perfect = torch.zeros(12, 12)
    perfect[t[4:], t[4:] - 3] = 1
    perfect[t[:4], 0] = 1  # in the first round there is nothing to look back at
    score = float(attempt(perfect, 4))
    yield abs(score - 1) < 1e-6, f"a perfect induction head scores 1, yours {score:.3f}"
    same = torch.zeros(12, 12)
    same[t[4:], t[4:] - 4] = 1
    score = float(attempt(same, 4))
    yield abs(score) < 1e-6, f"looking at the same token, not after it, scores 0, yours {score:.3f}"
    early = torch.zeros(12, 12)
    early[3, 0] = 1
    score = float(attempt(early, 4))
    yield score == 0, f"position 3 is in the first round and does not count, yours {score:.3f}"
    generator = torch.Generator().manual_seed(0)
    weights = torch.rand(12, 12, generator=generator).tril()
    expected = weights[t[4:], t[4:] - 3].mean().item()
    score = float(attempt(weights, 4))
    yield abs(score - expected) < 1e-6, f"random weights score {expected:.3f}, yours {score:.3f}"


@exercise
def safetensors_shapes(attempt: Callable[[bytes], dict[str, list[int]]]) -> Checks:
    """The shapes in a safetensors file, from its table alone."""
    tensors = {"norm": torch.ones(3), "matrix": torch.zeros(2, 5), "number": torch.tensor(1.0)}
    shapes = {"norm": [3], "matrix": [2, 5], "number": []}
    found = attempt(safetensors.torch.save(tensors))
    yield isinstance(found, dict), f"a dict of shapes is asked for, not {type(found).__name__}"
    as_lists = {name: list(shape) for name, shape in found.items()}
    yield as_lists == shapes, f"the shapes are {shapes}, yours {as_lists}"
    with_metadata = attempt(safetensors.torch.save(tensors, {"format": "pt"}))
    yield "__metadata__" not in with_metadata, "__metadata__ is no tensor"
    table = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    try:
        attempt(struct.pack("<Q", len(table) + 40) + table)
    except ValueError as error:
        refused = not isinstance(error, json.JSONDecodeError | UnicodeDecodeError)
        yield refused, f"the reader of JSON stumbled ({error}): compare the length with the file's"
    else:
        yield False, "a table that is longer than its file was accepted"
