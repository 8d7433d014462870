"""The generation loop: read the prompt once, then write one token at a time.

B batch (1 here), T position, V vocab_size
"""

from collections.abc import Collection, Iterator, Sequence

import torch
from torch import Tensor

from minilm.errors import MinilmError
from minilm.model.storage import Model
from minilm.serve.sampling import sample_next


@torch.inference_mode()
def generate(
    model: Model,
    ids: Sequence[int],
    *,
    max_new_tokens: int = 100,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | None = None,
    stop: Collection[int] = (),
    use_cache: bool = True,
) -> Iterator[int]:
    """Continue `ids`, yielding each new token as soon as it is chosen.

    The model's cache remembers the positions already read, so a new token costs one position of
    work and not the whole text again; `use_cache=False` does the latter, with the same result. When
    the context is full, reading starts again from its younger half. Ends after `max_new_tokens` or
    at a token in `stop`, which is not yielded. The same `seed` gives the same text.

    Raises MinilmError when there is no prompt or it is longer than the model's context.
    """
    limit = model.config.context_length
    if not 0 < len(ids) <= limit:
        raise MinilmError(
            f"The prompt has {len(ids)} tokens; give at least one and at most {limit}, the length"
            " of the model's context."
        )
    device = device_of(model)
    generator = torch.Generator(device).manual_seed(seed) if seed is not None else None
    room = min(limit, len(ids) + max_new_tokens)  # a whole context may be far more than is asked
    window, cache = list(ids), model.make_cache(length=room)
    logits = _last_logits(model, window, cache)
    for _ in range(max_new_tokens):
        token = int(
            sample_next(
                logits, temperature=temperature, top_k=top_k, top_p=top_p, generator=generator
            )
        )
        if token in stop:
            return
        yield token
        window.append(token)
        new = window[-1:]
        if not use_cache or len(window) > limit:
            new = window = window[-(limit // 2) :] if len(window) > limit else window
            cache = model.make_cache(length=room)
        logits = _last_logits(model, new, cache)


def _last_logits(model: Model, ids: list[int], cache: object) -> Tensor:
    """Read ids after what the cache holds; return the scores for the next token, (V,)."""
    return model(torch.tensor([ids], device=device_of(model)), cache)[0, -1]  # (1, T, V) -> (V,)


def device_of(model: Model) -> torch.device:
    """Return where a model's weights are; one that counts has none, and computes on the CPU."""
    return next((weight.device for weight in model.parameters()), torch.device("cpu"))
