"""A plan, as the command line prints it: what is assumed, what follows, and what to think about."""

from minilm.plan import ROOM, Memory, Plan

WHAT_IS_CUT = {
    "none": "nothing cut (DDP)",
    "optimizer": "optimizer (ZeRO-1)",
    "gradients": "+ gradients (ZeRO-2)",
    "weights": "+ weights (FSDP)",
}


def describe(answer: Plan) -> str:
    """Return the plan as text: the shape, a table of memory, the time, the wire and the cost."""
    config, gpu, shape = answer.config, answer.gpu, answer.shape
    price = gpu.price if config.price is None else config.price
    speed = gpu.speed(config.gpus)
    reached = answer.flops / (answer.seconds * config.gpus * gpu.peak)
    active = f", {_short(config.active)} of them active" if config.active else ""
    lines = [
        f"{_short(config.params)} parameters{active}, {_short(config.tokens)} tokens"
        f" ({config.tokens / config.params:.1f} for each parameter), {config.gpus} x {gpu.name}",
        f"a shape of that size: {shape.n_layers} layers, {shape.d_model} wide,"
        f" {shape.n_heads} heads, context {config.context}",
        "",
        "Memory of one device, in GB, with one sequence at a time"
        + (", its layers computed again in the backward pass" if config.recompute else ""),
        f"  {'what is cut into pieces':<22}{'weights':>9}{'gradients':>11}{'optimizer':>11}"
        f"{'activations':>13}{'total':>9}",
        *(_memory_line(each, ROOM * gpu.memory) for each in answer.memory),
        "",
        f"Work       {answer.flops:.2e} FLOPs, {answer.steps:,} steps of"
        f" {_short(config.batch_tokens)} tokens",
        f"Time       {_time(answer.seconds)} at {reached:.0%} of the peak,"
        f" {answer.step_seconds:.2f} s a step",
        f"Wire       {_size(answer.wire_bytes)} out of each device in a step:"
        f" {answer.wire_seconds:.2f} s at {_size(speed)}/s",
        f"Cost       {_three_digits(answer.cost)} dollars at {price:.2f} a device and hour"
        f" (stated, not looked up: --price), {answer.energy / 1e6:,.1f} MWh at the devices",
        f"Failures   {answer.failures:.1f} to be expected; a checkpoint of"
        f" {_size(answer.checkpoint_bytes)} every {_time(answer.checkpoint_every)}",
        *_advice(answer),
    ]
    return "\n".join(lines)


def _memory_line(memory: Memory, room: float) -> str:
    parts = (memory.weights, memory.gradients, memory.optimizer, memory.activations, memory.total)
    columns = "".join(
        f"{part / 1e9:>{width}.1f}" for part, width in zip(parts, (9, 11, 11, 13, 9), strict=True)
    )
    verdict = "fits" if memory.total <= room else "too much"
    return f"  {WHAT_IS_CUT[memory.stage]:<22}{columns}   {verdict}"


def _advice(answer: Plan) -> list[str]:
    """Say what stands in the way, one line each."""
    config, lines = answer.config, []
    if not answer.stage:
        first = "take" if config.recompute else "try --recompute,"
        lines.append(f"Nothing fits: {first} a shorter context, or more devices.")
    if config.gpus > 1 and answer.wire_seconds >= answer.step_seconds:
        lines.append(
            "The wire is slower than the work. Larger steps and fewer devices wait less; so do"
            " tensor and pipeline parallelism, which this plan does not know."
        )
    if config.batch_tokens < config.gpus * config.context:
        lines.append("A step has fewer sequences than there are devices: some have nothing to do.")
    if config.tokens < 10 * config.params:
        lines.append("So few tokens for so many parameters: a smaller model would be as good.")
    return ["", *lines] if lines else []


def _three_digits(amount: float) -> str:
    """A guess has no more digits than its guesses."""
    return f"{float(f'{amount:.3g}'):,.0f}" if amount >= 1 else f"{amount:.2f}"


def _short(amount: float) -> str:
    for unit, size in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if amount >= size:
            return f"{amount / size:.3g} {unit}"
    return f"{amount:.3g}"


def _size(n_bytes: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes / 1e3:.3g} kB"


def _time(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} seconds"
