"""The learning rate over time: small steps first, large ones next, none at the end."""

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
