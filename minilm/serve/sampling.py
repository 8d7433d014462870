"""Turn a model's scores into the next token: cautiously, freely, or somewhere between.

Always taking the most probable token makes text that repeats itself; drawing from the whole
vocabulary sooner or later draws nonsense, since thousands of improbable tokens are together quite
probable. Three knobs lie between, applied in this order:

- temperature divides the scores: below 1 the favorites win more often, above 1 less; 0 is argmax;
- top_k keeps the k most probable tokens;
- top_p keeps the smallest set of most probable tokens that together have the probability p, many
  where the model is unsure and few where it is sure.

Shapes: V vocab, K tokens still in the running; "..." is nothing, or B for a batch.

Sources: Fan et al., "Hierarchical neural story generation" (2018) for top-k; Holtzman et al., "The
curious case of neural text degeneration" (2020) for top-p, there called nucleus sampling.
"""

import math

import torch
from torch import Tensor

from minilm.errors import MinilmError

NUCLEUS_GUESS = 1024  # tokens among which top_p looks before it sorts a whole vocabulary
COLDEST = 1e-6  # a temperature below is 0: float32 could not divide by it


def sample_next(
    logits: Tensor,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw the next token from a model's scores, (..., V) -> (...) ids.

    Lay the probabilities end to end on a line of length 1 and throw a dart: the token it hits is
    the next. One random number is used for each row, so the same `generator` state gives the same
    tokens.

    Raises MinilmError for knobs outside their range, and for scores that are not numbers.
    """
    scores, ids = choices(logits, temperature, top_k, top_p)
    ends = scores.softmax(-1, dtype=torch.float64).cumsum(-1)  # (..., K) where each piece ends
    darts = torch.rand(
        (*scores.shape[:-1], 1), dtype=torch.float64, device=scores.device, generator=generator
    )
    hits = torch.searchsorted(ends, darts * ends[..., -1:], right=True)
    return ids.gather(-1, hits).squeeze(-1)  # (..., 1) -> (...)


def filter_logits(
    logits: Tensor,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Tensor:
    """Show what the knobs leave of the scores, (..., V) -> (..., V), -inf where a token is out.

    softmax(-1) of the result is the distribution that `sample_next` draws from. The scores are
    shifted so that the best is 0, which changes no probability.
    """
    scores, ids = choices(logits, temperature, top_k, top_p)
    out = torch.full(logits.shape, -math.inf, dtype=scores.dtype, device=scores.device)
    return out.scatter(-1, ids, scores)


def choices(
    logits: Tensor, temperature: float, top_k: int | None, top_p: float | None
) -> tuple[Tensor, Tensor]:
    """Return the scores and the ids of the tokens still in the running, both (..., K).

    The scores are -inf for tokens that a longer row of the batch keeps and this one does not.
    """
    check_knobs(temperature, top_k, top_p)
    best = logits.amax(-1, keepdim=True)
    if not torch.isfinite(best).all():
        raise MinilmError("The model's scores are not finite: its weights or its input are broken.")
    if temperature < COLDEST:
        return torch.zeros_like(best, dtype=torch.float32), logits.argmax(-1, keepdim=True)
    scores = (logits - best).float() / temperature
    ids = torch.arange(logits.shape[-1], device=logits.device).expand(logits.shape)
    if top_k is not None and top_k < logits.shape[-1]:
        scores, ids = scores.topk(top_k)  # (..., V) -> (..., K), without sorting the rest
    if top_p is not None and top_p < 1:
        scores, places = nucleus(scores, top_p)
        ids = ids.gather(-1, places)
    return scores, ids


def nucleus(scores: Tensor, top_p: float) -> tuple[Tensor, Tensor]:
    """Keep the smallest set of most probable tokens with the probability top_p or more.

    (..., V) -> (..., K) scores from the best down, -inf outside the set, and their places. The set
    is nearly always small, so it is first looked for among the best few.
    """
    total = scores.logsumexp(-1, keepdim=True)
    for size in (NUCLEUS_GUESS, scores.shape[-1]):
        best, places = scores.topk(min(size, scores.shape[-1]))
        probabilities = (best - total).double().exp()
        sums = probabilities.cumsum(-1)
        if (sums[..., -1] >= top_p).all():
            break
    outside = sums - probabilities >= top_p  # what stands before a token is enough already
    return best.masked_fill(outside, -math.inf), places


def check_knobs(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Raise MinilmError unless every knob is in its range."""
    if not 0 <= temperature < math.inf:
        raise MinilmError(
            f"temperature must be 0 (always the most probable token) or more, not {temperature}."
        )
    if top_k is not None and (top_k < 1 or top_k != int(top_k)):
        raise MinilmError(f"top_k counts tokens: a whole number from 1, or None, not {top_k}.")
    if top_p is not None and not 0 < top_p <= 1:
        raise MinilmError(
            f"top_p is a probability above 0 and up to 1, or None, not {top_p}."
            " For the most probable token only, set temperature=0."
        )
