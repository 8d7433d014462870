"""Wrong attempts at the exercises of chapter 45, each with words that the answer must contain."""

import math
from statistics import mean, median


def one_mean_is_certain(spread, difference):
    return math.ceil(4 * (spread / difference) ** 2)


def rounded_down(spread, difference):
    return max(1, int(8 * (spread / difference) ** 2))


def not_squared(spread, difference):
    return math.ceil(4 * spread / difference)


def mean_says_stop(earlier, step, score):
    there = [scores[step] for scores in earlier if step in scores]
    return bool(there) and score > mean(there)


def crashes_without_others(earlier, step, score):
    return score > median(scores[step] for scores in earlier if step in scores)


def last_score_counts(earlier, step, score):
    return bool(earlier) and score > median(list(scores.values())[-1] for scores in earlier)


def as_good_stops(earlier, step, score):
    there = [scores[step] for scores in earlier if step in scores]
    return bool(there) and score >= median(there)


def all_divided(kind, rate, times_wider):
    return rate / times_wider


def by_the_root(kind, rate, times_wider):
    return rate / math.sqrt(times_wider) if kind in ("hidden", "head") else rate


def head_forgotten(kind, rate, times_wider):
    return rate / times_wider if kind == "hidden" else rate


def half_and_half(A, B, alpha, beta, flops):
    return math.sqrt(flops / 6)


def six_forgotten(A, B, alpha, beta, flops):
    return (alpha * A / (beta * B) * flops**beta) ** (1 / (alpha + beta))


def exponents_swapped(A, B, alpha, beta, flops):
    return (alpha * A / (beta * B) * (flops / 6) ** alpha) ** (1 / (alpha + beta))


WRONG = [
    ("seeds_needed", one_mean_is_certain, "need 2 runs of each, not 1"),
    ("seeds_needed", rounded_down, "not 14"),
    ("seeds_needed", not_squared, "four times the runs: 8, not 4"),
    ("median_says_stop", mean_says_stop, "3.3 is worse"),
    ("median_says_stop", crashes_without_others, "StatisticsError"),
    ("median_says_stop", last_score_counts, "3.1 is better"),
    ("median_says_stop", as_good_stops, "as good as the median"),
    ("rate_for_width", all_divided, "sums over nothing"),
    ("rate_for_width", by_the_root, "a quarter of 0.01, not 0.005"),
    ("rate_for_width", head_forgotten, "the head sums over all coordinates"),
    ("best_size", half_and_half, "is possible"),
    ("best_size", six_forgotten, "N = 1e6, not"),
    ("best_size", exponents_swapped, "is possible"),
]
