"""Write the answer to a source: greedily, or with several drafts at once.

The most probable next token need not begin the most probable text. Beam search keeps the best few
drafts and lets all of them go on.

B drafts (1 while the source is read), S source positions, V vocab_size
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from minilm.errors import MinilmError
from minilm.model.encoder_decoder import EncoderDecoder


@dataclass(frozen=True)
class Draft:
    """A target as far as it is written, and its log probability, with that of its end."""

    ids: list[int]
    log_probability: float

    def score(self, length_penalty: float) -> float:
        """Return the log probability, divided by length ** length_penalty: 1 is the mean."""
        return self.log_probability / max(1, len(self.ids)) ** length_penalty


@torch.inference_mode()
def translate(
    model: EncoderDecoder,
    source: Sequence[int],
    *,
    end: int,
    beams: int = 1,
    max_new_tokens: int = 100,
    length_penalty: float = 0.0,
) -> list[Draft]:
    """Return the `beams` best targets that the search finds for a source, the best one first.

    The source is read once. At each step, all drafts are continued by all tokens, and the best
    `beams` of them stay; one that ends leaves the search and keeps its place in the result. With
    one beam this is greedy: always the most probable token. A target has no `end` in it; one that
    did not end after `max_new_tokens` is returned as it is. Every token makes a text less probable,
    so short ones win; a `length_penalty` above 0 makes up for it when the results are ordered.

    Raises MinilmError for fewer beams than one. Source: Sutskever et al. 2014, "Sequence to
    Sequence Learning with Neural Networks", section 3.2; length: Wu et al. 2016, section 7.
    """
    if beams < 1 or max_new_tokens < 1:
        raise MinilmError("A search needs at least one beam, and one token to write.")
    device = next(model.parameters()).device
    memory = model.encode(torch.tensor([[*source, end]], device=device))  # (1, S)
    length = min(max_new_tokens, model.config.context_length)
    cache = model.make_cache(1, length)
    drafts, finished = [Draft([], 0.0)], list[Draft]()
    for _ in range(length):
        last = [[draft.ids[-1] if draft.ids else end] for draft in drafts]
        logits = model.decode(torch.tensor(last, device=device), memory, cache)[:, -1]  # (B, V)
        so_far = torch.tensor([draft.log_probability for draft in drafts], device=device)
        scores = so_far[:, None] + logits.float().log_softmax(-1)  # (B, V)
        best, places = scores.flatten().topk(min(beams - len(finished), scores.numel()))
        rows, tokens = places // scores.shape[1], places % scores.shape[1]
        ended = tokens == end
        for row, score in zip(rows[ended].tolist(), best[ended].tolist(), strict=True):
            finished.append(Draft(drafts[row].ids, score))
        rows, tokens, best = rows[~ended], tokens[~ended], best[~ended]
        grown = zip(rows.tolist(), tokens.tolist(), best.tolist(), strict=True)
        drafts = [Draft([*drafts[row].ids, token], score) for row, token, score in grown]
        if not drafts:
            break
        cache.select(rows)
        memory = memory.select(rows)
    return sorted(finished + drafts, key=lambda draft: -draft.score(length_penalty))
