"""The learning rate over time: small steps first, large ones next, none at the end."""

import math

from minilm.errors import MinilmError


def warmup_decay(step: int, *, steps: int, warmup: int, decay: int) -> float:
    """Return the factor, in [0, 1], by which to scale the learning rate at a step.

    It climbs linearly over the first `warmup` steps, because the optimisers' averages know nothing
    yet, stays at 1, and falls linearly to zero over the last `decay` steps, so that the noise of
    single batches averages out. Step 0 is the first; at `steps` the factor is 0.

    Raises MinilmError when warm-up and decay together are longer than the run.
    Source: Hu et al. 2024, "MiniCPM", section 4 (warm-up, stable, decay).
    """
    if warmup + decay > steps:
        raise MinilmError(
            f"warmup ({warmup}) and decay ({decay}) add up to more than the {steps} steps of the"
            " run. Make one of them shorter."
        )
    rising = (step + 1) / (warmup + 1)
    falling = (steps - step) / decay if decay else 1.0
    return max(0.0, min(1.0, rising, falling))


def learning_rate_factor(
    step: int, *, steps: int, warmup: int, decay: int, shape: str = "wsd"
) -> float:
    """Return the factor of a schedule of the named shape; every shape begins with the warm-up.

    "wsd" stays at 1 until the last `decay` steps (`warmup_decay`); "linear" falls in one straight
    line from the end of the warm-up to the end of the run, "cosine" along half a wave. Those two
    have no level part, so `decay` means nothing to them.

    Raises MinilmError for another shape and for phases longer than the run.
    Sources: Hu et al. 2024, section 4; Loshchilov and Hutter 2017, "SGDR", equation 5 (cosine).
    """
    if shape not in ("wsd", "cosine", "linear"):
        raise MinilmError(f'schedule is {shape!r}; write "wsd", "cosine" or "linear" instead.')
    if shape != "wsd":
        decay = max(0, steps - warmup)
    line = warmup_decay(step, steps=steps, warmup=warmup, decay=decay)
    if shape == "cosine" and step >= warmup:
        return (1 - math.cos(math.pi * line)) / 2
    return line
