"""The checks of chapter 45."""

from collections.abc import Callable, Mapping, Sequence

from minilm.teach.check import Checks, exercise
from minilm.train.scaling import Law


@exercise
def seeds_needed(attempt: Callable[[float, float], int]) -> Checks:
    """The runs of each setting, so that a difference is twice the standard error of itself."""
    got = attempt(0.02, 0.04)
    yield got == 2, f"a spread of 0.02 and a difference of 0.04 need 2 runs of each, not {got}"
    got = attempt(0.02, 0.02)
    yield got == 8, f"half the difference needs four times the runs: 8, not {got}"
    got = attempt(0.02, 0.015)
    yield got == 15, f"14.2 runs are not enough, so it takes 15, not {got} (0.02, 0.015)"
    yield isinstance(got, int), f"runs are counted in whole numbers; {got!r} is a {type(got)}"
    got = attempt(0.001, 0.5)
    yield got == 1, f"a difference far above the spread needs 1 run of each, not {got}"


@exercise
def median_says_stop(
    attempt: Callable[[Sequence[Mapping[int, float]], int, float], bool],
) -> Checks:
    """Whether a run is to end: at this step it is worse than the median of the runs before."""
    earlier = [{10: 3.0, 20: 2.0}, {10: 3.2, 20: 2.4}, {10: 5.0}]
    yield (
        attempt(earlier, 10, 3.3) is True,
        "after 10 steps the others had 3.0, 3.2 and 5.0: their median is 3.2, and 3.3 is worse",
    )
    yield (
        attempt(earlier, 10, 3.1) is False,
        "3.1 is better than the median 3.2 (their mean, 3.7, is pulled up by the one bad run)",
    )
    yield (
        attempt(earlier, 20, 2.1) is False,
        "after 20 steps two are left, with 2.0 and 2.4: the median is 2.2, and 2.1 goes on",
    )
    yield attempt(earlier, 10, 3.2) is False, "3.2 is as good as the median 3.2: it goes on"
    yield attempt(earlier, 20, 2.3) is True, "2.3 is worse than 2.2, the median at step 20"
    yield attempt([], 10, 9.9) is False, "with nothing to compare with, a run goes on"
    yield attempt(earlier, 30, 9.9) is False, "no earlier run came to step 30: this one goes on"


@exercise
def rate_for_width(attempt: Callable[[str, float, float], float]) -> Checks:
    """The rate of a kind of weight in a model some times wider than where the rate was found."""
    got = attempt("hidden", 0.01, 4)
    yield (
        abs(got - 0.0025) < 1e-9,
        f"a matrix inside sums over four times as many inputs: a quarter of 0.01, not {got}",
    )
    got = attempt("embedding", 0.01, 4)
    yield abs(got - 0.01) < 1e-9, f"an embedding sums over nothing: it keeps 0.01, not {got}"
    got = attempt("norm", 0.01, 4)
    yield abs(got - 0.01) < 1e-9, f"a norm's weight scales one coordinate: it keeps 0.01, not {got}"
    got = attempt("head", 0.01, 8)
    yield (
        abs(got - 0.00125) < 1e-9,
        f"the head sums over all coordinates, too: 0.01 / 8 = 0.00125, not {got}",
    )
    got = attempt("hidden", 0.01, 0.5)
    yield abs(got - 0.02) < 1e-9, f"in a model half as wide the rate doubles: 0.02, not {got}"


@exercise
def best_size(attempt: Callable[[float, float, float, float, float], float]) -> Checks:
    """The parameters that make A / N^alpha + B / D^beta lowest when 6 N D is the budget."""
    got = attempt(100.0, 100.0, 0.5, 0.5, 6e12)
    yield (
        abs(got / 1e6 - 1) < 1e-3,
        "with equal constants parameters and tokens are equal: N D = 1e12, so N = 1e6, not"
        f" {got:.3g}",
    )
    for law in (Law(0, 400, 100, 0.5, 0.5), Law(0, 20, 300, 0.4, 0.45), Law(0, 5, 900, 0.2, 0.5)):
        best, _ = law.best(1e12)
        got = attempt(law.A, law.B, law.alpha, law.beta, 1e12)
        loss = law.loss(got, 1e12 / 6 / got) if got > 0 else float("nan")
        lowest = law.loss(best, 1e12 / 6 / best)
        yield (
            abs(got / best - 1) < 0.01,
            f"A = {law.A:g}, B = {law.B:g}, alpha = {law.alpha}, beta = {law.beta}, C = 1e12: your"
            f" N = {got:.3g} owes {loss:.4f}, but {lowest:.4f} is possible",
        )
