"""Scaling laws: what small runs say about the loss of a large one, and how sure they are.

R runs, each with N parameters, D tokens, a final loss in nats, and about C = 6 N D floating-point
operations.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares, nnls
from scipy.special import logsumexp, softmax

from minilm.errors import MinilmError

Array = npt.NDArray[np.float64]
FLOPS = 6.0
"""Floating-point operations for a parameter and a token: 2 forward, 4 backward (Kaplan 2020)."""


@dataclass(frozen=True)
class Law:
    """The loss has a floor E, and two debts: too few parameters to fit, too few tokens to learn.

    L(N, D) = E + A / N^alpha + B / D^beta. Source: Hoffmann et al. 2022, "Training Compute-Optimal
    Large Language Models", equation 2.
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float

    def loss(self, params: npt.ArrayLike, tokens: npt.ArrayLike) -> Any:
        """Return the loss in nats per token, of the shape of both."""
        N, D = np.asarray(params, dtype=float), np.asarray(tokens, dtype=float)
        return self.E + self.A / N**self.alpha + self.B / D**self.beta

    def best(self, flops: npt.ArrayLike) -> tuple[Any, Any]:
        """Return the parameters and tokens that make the loss lowest for a budget, C = 6 N D.

        N grows as C^(beta / (alpha + beta)), so the steeper a debt, the less has to be paid on it.
        Source: Hoffmann et al. 2022, equation 4.
        """
        pairs = np.asarray(flops, dtype=float) / FLOPS  # N D
        total = self.alpha + self.beta
        balance = (self.alpha * self.A / (self.beta * self.B)) ** (1 / total)
        params = balance * pairs ** (self.beta / total)
        return params, pairs / params


HOFFMANN = Law(E=1.69, A=406.4, B=410.7, alpha=0.34, beta=0.28)
"""The published fit, as rounded in the paper (Hoffmann et al. 2022, equation 10)."""

BESIROGLU = Law(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)
"""The same runs, read off the paper's figure and fitted anew (Besiroglu et al. 2024, "Chinchilla
Scaling: A replication attempt", table 1)."""


def fit_law(
    params: npt.ArrayLike,
    tokens: npt.ArrayLike,
    losses: npt.ArrayLike,
    *,
    delta: float = 1e-3,
    starts: Iterable[Law] = (),
) -> Law:
    """Find the law whose logarithm is nearest to that of the losses, (R,) each.

    Near means the least sum of Huber losses, which grow only linearly past `delta`, so that a few
    odd runs do not decide. The valley is flat and curved, so the search descends from many
    `starts` and keeps the lowest end; by default these are the least-squares answers for a grid of
    exponents, for which E, A and B enter linearly.

    Raises MinilmError for fewer runs than constants, or sizes and losses that are not positive.
    Source: Hoffmann et al. 2022, section 3.3; the sum and the tight tolerance follow Besiroglu et
    al. 2024, who found that a mean had let the search stop too early.
    """
    N, D, L = (np.asarray(values, dtype=float) for values in (params, tokens, losses))
    if not len(N) == len(D) == len(L) >= 5:
        raise MinilmError(
            f"Five constants need five or more runs, each with parameters, tokens and loss; there"
            f" are {len(N)}, {len(D)} and {len(L)}."
        )
    if min(N.min(), D.min(), L.min()) <= 0:
        raise MinilmError("Parameters, tokens and losses must be positive: their logs are taken.")
    x, y, z = np.log(N), np.log(D), np.log(L)
    x0, y0 = x.mean(), y.mean()  # seen from the middle, amounts and exponents hardly interact

    def terms(theta: Array) -> Array:  # the logs of floor and debts, (3, R)
        e, a, b, alpha, beta = theta
        return np.stack([np.full_like(x, e), a - alpha * (x - x0), b - beta * (y - y0)])

    def misses(theta: Array) -> Array:  # (R,)
        return np.asarray(logsumexp(terms(theta), axis=0) - z)

    def slopes(theta: Array) -> Array:  # (R, 5)
        shares = softmax(terms(theta), axis=0)  # how much of the loss each term is
        return np.stack([*shares, -shares[1] * (x - x0), -shares[2] * (y - y0)], axis=1)

    ends = []
    for law in starts or least_squares_laws(N, D, L):
        start = terms_at(law, math.exp(x0), math.exp(y0))
        ends.append(
            least_squares(
                misses, [*np.log(start), law.alpha, law.beta], slopes, loss="huber", f_scale=delta,
                x_scale="jac", ftol=1e-10, xtol=1e-10, gtol=1e-15,
                bounds=([-np.inf] * 3 + [0.0] * 2, [np.inf] * 3 + [5.0] * 2),
            )
        )  # fmt: skip
    e, a, b, alpha, beta = (float(number) for number in min(ends, key=lambda end: end.cost).x)
    return Law(math.exp(e), math.exp(a + alpha * x0), math.exp(b + beta * y0), alpha, beta)


def terms_at(law: Law, params: float, tokens: float) -> list[float]:
    """Return the three terms of a law for one run, none below a thousandth of a nat."""
    debts = law.A / params**law.alpha, law.B / tokens**law.beta
    return [max(term, 1e-3) for term in (law.E, *debts)]


def least_squares_laws(
    params: Array, tokens: Array, losses: Array, exponents: tuple[float, ...] = (0.1, 0.3, 0.6, 1.2)
) -> Iterator[Law]:
    """Yield, for each pair of exponents, the law with the least squared error and no negative term.

    With the exponents given, the loss is linear in E, A and B.
    """
    for alpha, beta in product(exponents, repeat=2):
        columns = [np.ones_like(params), params**-alpha, tokens**-beta]  # 3 x (R,)
        (E, A, B), _ = nnls(np.stack(columns, axis=1), losses)
        yield Law(E, A, B, alpha, beta)


def bootstrap_laws(
    params: npt.ArrayLike,
    tokens: npt.ArrayLike,
    losses: npt.ArrayLike,
    *,
    n_resamples: int = 200,
    seed: int = 0,
) -> list[Law]:
    """Fit the law to runs drawn anew, with replacement, again and again: the laws that could be.

    What they agree on is what the runs have shown (Efron 1979). It covers the chance of which runs
    were made, not what all of them share: one text, one recipe, one shape of the law.
    """
    runs = np.stack([np.asarray(v, dtype=float) for v in (params, tokens, losses)])  # (3, R)
    law = fit_law(*runs)
    draws = np.random.default_rng(seed).integers(runs.shape[1], size=(n_resamples, runs.shape[1]))
    return [fit_law(*runs[:, draw], starts=[law]) for draw in draws]


def interval(
    laws: list[Law], what: Callable[[Law], float], confidence: float = 0.9
) -> tuple[float, float]:
    """Return where the middle `confidence` of the laws sees a quantity of a law: (low, high)."""
    tail = 50 * (1 - confidence)
    low, high = np.percentile([what(law) for law in laws], [tail, 100 - tail])
    return float(low), float(high)


def envelope(flops: npt.ArrayLike, losses: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """Return the runs that no cheaper or equal one beats, from cheap to dear: their places.

    Source: Hoffmann et al. 2022, section 3.1 (approach 1).
    """
    C, L = np.asarray(flops, dtype=float), np.asarray(losses, dtype=float)
    order = np.lexsort((L, C))
    lowest = np.minimum.accumulate(L[order])
    is_new = np.concatenate([[True], lowest[1:] < lowest[:-1]])
    return order[is_new]


def isoflop_minimum(params: npt.ArrayLike, losses: npt.ArrayLike) -> tuple[float, float]:
    """Return the parameters at the bottom of a parabola through runs of one budget, and the loss.

    The parabola lies over log N. Raises MinilmError for fewer than three runs, and when it has no
    bottom among them: then the sizes did not reach far enough to one side.
    Source: Hoffmann et al. 2022, section 3.2 (approach 2).
    """
    x = np.log(np.asarray(params, dtype=float))
    if len(x) < 3:
        raise MinilmError(f"A parabola needs three or more runs of one budget, not {len(x)}.")
    curve = np.polynomial.Polynomial.fit(x, np.asarray(losses, dtype=float), deg=2).convert()
    _, slope, bend = (float(number) for number in curve.coef)
    bottom = -slope / (2 * bend)
    if bend <= 0 or not x.min() <= bottom <= x.max():
        raise MinilmError(
            "The losses of this budget have no bottom between the smallest and the largest model:"
            " add runs on the side where they still fall."
        )
    return float(np.exp(bottom)), float(curve(bottom))


def power_law(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[float, float]:
    """Return k and a of y = k x^a: the straight line through the logs, by least squares."""
    line = np.polynomial.Polynomial.fit(np.log(x), np.log(y), deg=1).convert()
    return float(np.exp(line.coef[0])), float(line.coef[1])
