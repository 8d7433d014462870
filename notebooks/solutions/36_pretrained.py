"""Solutions to the exercises of chapter 36."""

import json
import struct

import numpy as np
from torch import Tensor


def dequantize_q4_0(block: bytes) -> np.ndarray:
    scale = np.frombuffer(block[:2], np.float16).astype(np.float32)
    pairs = np.frombuffer(block[2:], np.uint8)
    numbers = np.concatenate([pairs & 15, pairs >> 4]).astype(np.float32)
    return scale * (numbers - 8)


def to_halves(rows: Tensor, d_head: int) -> Tensor:
    pairs = rows.reshape(-1, d_head // 2, 2, *rows.shape[1:])  # (H * K, ...) -> (H, K/2, 2, ...)
    return pairs.transpose(1, 2).flatten(0, 2)


def induction_score(weights: Tensor, period: int) -> float:
    # The diagonal begins at row period - 1, the last one of the first round.
    return weights.diagonal(1 - period)[1:].mean().item()


def safetensors_shapes(data: bytes) -> dict[str, list[int]]:
    (length,) = struct.unpack_from("<Q", data)
    if 8 + length > len(data):
        raise ValueError(f"the table has {length} bytes, the file only {len(data)}")
    table = json.loads(data[8 : 8 + length])
    return {name: about["shape"] for name, about in table.items() if name != "__metadata__"}
