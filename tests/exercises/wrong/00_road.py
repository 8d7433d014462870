"""Wrong attempts at the exercises of chapter 00, each with words that the answer must contain."""

import itertools
import math
import zlib

COUNTER = itertools.count()


def part_by_turns(name):
    return "test" if next(COUNTER) % 10 == 3 else "train"


def part_by_pythons_hash(name):
    return "test" if hash(name) % 10 == 0 else "train"


def part_by_year(name):
    return "test" if int(name.split("/")[1]) >= 2800 else "train"


def part_half_and_half(name):
    return "test" if zlib.crc32(name.encode()) % 2 else "train"


def pairs_without_a_shift(ids, length):
    starts = range(0, len(ids) - length, length)
    return [(ids[s : s + length], ids[s : s + length]) for s in starts]


def pairs_with_a_short_last_one(ids, length):
    starts = range(0, len(ids), length)
    return [(ids[s : s + length], ids[s + 1 : s + length + 1]) for s in starts]


def bits_in_nats(probabilities, n_bytes):
    return sum(-math.log(p) for p in probabilities) / n_bytes


def bits_per_token(probabilities, n_bytes):
    return sum(-math.log2(p) for p in probabilities) / len(probabilities)


WRONG = [
    ("part_of", part_by_turns, "changed sides"),
    ("part_of", part_by_pythons_hash, "another one in every run"),
    ("part_of", part_by_year, "stand next to each other"),
    ("part_of", part_half_and_half, "about one in ten"),
    ("next_token_pairs", pairs_without_a_shift, "after 1, 2, 3 come 2, 3, 4"),
    ("next_token_pairs", pairs_with_a_short_last_one, "7 tokens hold 2 windows"),
    ("bits_per_byte", bits_in_nats, "a probability of 1/2 is 1 bit"),
    ("bits_per_byte", bits_per_token, "1 + 2 bits"),
]
