"""Wrong attempts at the exercises of chapter 23, each with words that the answer must contain."""

import math


def shortest_match(word, pieces):
    cut, start = [], 0
    while start < len(word):
        ends = [end for end in range(start + 1, len(word) + 1) if word[start:end] in pieces]
        if not ends:
            return None
        cut.append(word[start : ends[0]])
        start = ends[0]
    return cut


def match_that_keeps_what_it_has(word, pieces):
    cut, start = [], 0
    while start < len(word):
        ends = [end for end in range(start + 1, len(word) + 1) if word[start:end] in pieces]
        if not ends:
            return cut
        cut.append(word[start : ends[-1]])
        start = ends[-1]
    return cut


def count_the_pieces_inside(word, pieces):
    n = len(word)
    return sum(word[s:e] in pieces for s in range(n) for e in range(s + 1, n + 1))


def count_with_pieces_of_two(word, pieces):
    ways = [1] + [0] * len(word)
    for end in range(1, len(word) + 1):
        starts = range(max(0, end - 2), end)
        ways[end] = sum(ways[start] for start in starts if word[start:end] in pieces)
    return ways[-1]


def _ways(word, scores):
    if not word:
        return [[]]
    ends = [end for end in range(1, len(word) + 1) if word[:end] in scores]
    return [[word[:end], *rest] for end in ends for rest in _ways(word[end:], scores)]


def counts_of_the_best_way(word, scores):
    best = max(_ways(word, scores), key=lambda way: sum(scores[piece] for piece in way))
    return {piece: best.count(piece) for piece in best}


def counts_without_a_total(word, scores):
    counts = {}
    for way in _ways(word, scores):
        for piece in way:
            chance = math.exp(sum(scores[one] for one in way))
            counts[piece] = counts.get(piece, 0) + chance
    return counts


def counts_once_a_way(word, scores):
    ways = _ways(word, scores)
    chances = [math.exp(sum(scores[piece] for piece in way)) for way in ways]
    return {
        piece: sum(c for way, c in zip(ways, chances, strict=True) if piece in way) / sum(chances)
        for piece in scores
    }


def most_letters(encode, messages):
    return max(messages, key=lambda language: sum(map(len, messages[language])))


def longest_message(encode, messages):
    return max(messages, key=lambda language: max(len(encode(m)) for m in messages[language]))


def always_the_last(encode, messages):
    return list(messages)[-1]


WRONG = [
    ("longest_match", shortest_match, "is a piece of its own"),
    ("longest_match", match_that_keeps_what_it_has, "the answer is None"),
    ("count_ways", count_the_pieces_inside, "four ways, you say"),
    ("count_ways", count_with_pieces_of_two, "four ways, you say 3"),
    ("expected_counts", counts_of_the_best_way, "each piece is used 0.5 times"),
    ("expected_counts", counts_without_a_total, "each piece is used 0.5 times"),
    ("expected_counts", counts_once_a_way, "uses g twice"),
    ("most_expensive", most_letters, "is the dearest"),
    ("most_expensive", longest_message, "is the dearest"),
    ("most_expensive", always_the_last, "is the dearest"),
]
