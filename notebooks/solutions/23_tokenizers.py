"""Solutions to the exercises of chapter 23."""

import math


def longest_match(word, pieces):
    cut, start = [], 0
    while start < len(word):
        ends = [end for end in range(start + 1, len(word) + 1) if word[start:end] in pieces]
        if not ends:
            return None
        cut.append(word[start : ends[-1]])
        start = ends[-1]
    return cut


def count_ways(word, pieces) -> int:
    # The ways to write the first `end` letters: for each last piece, the ways to write the rest.
    ways = [1] + [0] * len(word)
    for end in range(1, len(word) + 1):
        ways[end] = sum(ways[start] for start in range(end) if word[start:end] in pieces)
    return ways[-1]


def expected_counts(word, scores):
    def ways(rest):
        if not rest:
            yield []
        for end in range(1, len(rest) + 1):
            if rest[:end] in scores:
                yield from ([rest[:end], *others] for others in ways(rest[end:]))

    chances = [(way, math.exp(sum(scores[piece] for piece in way))) for way in ways(word)]
    total = sum(chance for _, chance in chances)
    counts = {}
    for way, chance in chances:
        for piece in way:
            counts[piece] = counts.get(piece, 0.0) + chance / total
    return counts


def most_expensive(encode, messages) -> str:
    return max(messages, key=lambda language: sum(len(encode(line)) for line in messages[language]))
