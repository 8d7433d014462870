"""Wrong attempts at the exercises of chapter 36, each with words that the answer must contain."""

import json
import struct

import numpy as np

from minilm.model.layouts import neighbors


def _parts(block):
    pairs = np.frombuffer(block[2:], np.uint8)
    return np.frombuffer(block[:2], np.float16).astype(np.float32), pairs & 15, pairs >> 4


def nothing_is_subtracted(block):
    scale, low, high = _parts(block)
    return scale * np.concatenate([low, high])


def unsigned_bytes_wrap(block):
    scale, low, high = _parts(block)
    return scale * (np.concatenate([low, high]) - np.uint8(8))


def halves_of_a_byte_stand_side_by_side(block):
    scale, low, high = _parts(block)
    return scale * (np.stack([low, high], axis=1).ravel().astype(np.float32) - 8)


def half_precision(block):
    _, low, high = _parts(block)
    numbers = np.concatenate([low, high]).astype(np.float16) - np.float16(8)
    return (np.frombuffer(block[:2], np.float16) * numbers).astype(np.float32)


def the_same_again(rows, d_head):
    return neighbors(rows, d_head)


def heads_are_mixed(rows, d_head):
    return rows.reshape(-1, 2, *rows.shape[1:]).transpose(0, 1).flatten(0, 1)


def nothing_moves(rows, d_head):
    return rows


def looks_at_the_same_token(weights, period):
    return weights.diagonal(-period).mean().item()


def counts_the_first_round(weights, period):
    return weights.diagonal(1 - period).mean().item()


def divides_by_all(weights, period):
    return (weights.diagonal(1 - period)[1:].sum() / len(weights)).item()


def _table(data):
    (length,) = struct.unpack_from("<Q", data)
    return json.loads(data[8 : 8 + length])


def metadata_is_a_tensor(data):
    return {name: about.get("shape", []) for name, about in _table(data).items()}


def trusts_the_length(data):
    return {n: about["shape"] for n, about in _table(data).items() if n != "__metadata__"}


def trusts_the_length_and_stumbles(data):
    (length,) = struct.unpack_from("<Q", data)
    table = json.loads(data[8 : 8 + length] if 8 + length <= len(data) else b"{")
    return {n: about["shape"] for n, about in table.items() if n != "__metadata__"}


WRONG = [
    ("dequantize_q4_0", nothing_is_subtracted, "8 is subtracted"),
    ("dequantize_q4_0", unsigned_bytes_wrap, "unsigned bytes"),
    ("dequantize_q4_0", halves_of_a_byte_stand_side_by_side, "low halves"),
    ("dequantize_q4_0", half_precision, "is everything float32"),
    ("to_halves", the_same_again, "not the way back"),
    ("to_halves", heads_are_mixed, "two heads stay apart"),
    ("to_halves", nothing_moves, "become 0 2"),
    ("induction_score", looks_at_the_same_token, "perfect induction head scores 1"),
    ("induction_score", counts_the_first_round, "first round"),
    ("induction_score", divides_by_all, "perfect induction head scores 1"),
    ("safetensors_shapes", metadata_is_a_tensor, "__metadata__ is no tensor"),
    ("safetensors_shapes", trusts_the_length, "longer than its file"),
    ("safetensors_shapes", trusts_the_length_and_stumbles, "compare the length"),
]
