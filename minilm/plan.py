"""A large run on paper: memory, operations, days, bytes on the wire and cost, before it begins.

Every line is a formula that a small run can check, and that tests hold against the figures
published for large ones. N parameters, n devices.
"""

import math
from dataclasses import dataclass, replace

from minilm.errors import MinilmError
from minilm.hardware import Gpu, find_gpu
from minilm.model.config import TransformerConfig
from minilm.model.counting import activation_bytes, count_params, flops_per_token

STAGES = ("none", "optimizer", "gradients", "weights")  # what is cut into n pieces, one more each
WEIGHT, GRADIENT, OPTIMIZER = 2, 2, 12  # bytes a parameter: bfloat16 twice; float32 copy, 2 moments
ROOM = 0.9  # of a device's memory; the rest goes to the framework and to gaps
HOURS_BETWEEN_FAILURES = 50_000  # of one device: 419 stops of 16,384 in 54 days (Llama 3, 2024)
DISK = 1e9  # bytes/s that a device writes of its checkpoint


@dataclass(frozen=True)
class PlanConfig:
    """The question: how many parameters, tokens and devices, and what is assumed about them.

    `active` is how many parameters a token goes through, where experts idle; layers and widths are
    then those of a model of that size. `utilization` is the
    share of the peak that the whole run reaches; published runs reach 0.3 to 0.5. A step reads
    `batch_tokens`, in sequences of `context`. With `recompute`, a device keeps only what enters
    each layer and computes the rest again, for a third more work. `price` is for one device and
    hour.

    Raises MinilmError for amounts that make no sense.
    """

    params: float
    tokens: float
    gpus: int = 1
    gpu: str = "h100"
    active: float | None = None
    utilization: float = 0.4
    context: int = 4096
    batch_tokens: float = 4e6
    vocab_size: int = 32_000
    recompute: bool = False
    price: float | None = None

    def __post_init__(self) -> None:
        for name in ("params", "tokens", "gpus", "context", "batch_tokens", "vocab_size"):
            if not 1 <= getattr(self, name) < math.inf:
                raise MinilmError(f"{name} is {getattr(self, name):g}; it should be at least 1.")
        if self.price is not None and not 0 <= self.price < math.inf:
            raise MinilmError(f"price is {self.price:g}; it should be 0 or more.")
        if not 0 < self.utilization <= 1:
            raise MinilmError(f"utilization is {self.utilization:g}; it is a share, above 0 to 1.")
        if self.active is not None and not 1 <= self.active <= self.params:
            raise MinilmError(f"active is {self.active:g}; it should be 1 to {self.params:g}.")


@dataclass(frozen=True)
class Memory:
    """Bytes on one device, when this much is cut into pieces."""

    stage: str
    weights: float
    gradients: float
    optimizer: float
    activations: float

    @property
    def total(self) -> float:
        """All four together."""
        return self.weights + self.gradients + self.optimizer + self.activations


@dataclass(frozen=True)
class Plan:
    """The answer; times in seconds, sizes in bytes, for the stage that `stage` names."""

    config: PlanConfig
    gpu: Gpu
    shape: TransformerConfig
    memory: tuple[Memory, ...]
    stage: str  # the first that fits, or "" if none does
    flops: float
    steps: int
    wire_bytes: float  # that each device sends in a step
    wire_seconds: float
    step_seconds: float
    seconds: float
    cost: float
    energy: float  # watt-hours at the devices' plugs
    checkpoint_bytes: float
    failures: float  # that must be expected
    checkpoint_every: float  # seconds, the best compromise


def plan(config: PlanConfig) -> Plan:
    """Work out what a run needs. Raises MinilmError for a question that makes no sense."""
    gpu = find_gpu(config.gpu)
    shape = shape_of(config.active or config.params, config.vocab_size, config.context)
    memory = tuple(memory_of(config, shape, stage) for stage in STAGES)
    fitting = [each.stage for each in memory if each.total <= ROOM * gpu.memory]
    stage = fitting[0] if fitting else ""
    steps = math.ceil(config.tokens / config.batch_tokens)
    flops = config.tokens * flops_of_token(config, shape)
    again = 4 / 3 if config.recompute else 1.0  # the forward pass, once more
    computing = flops * again / (config.gpus * gpu.peak * config.utilization) / steps
    sent = wire_bytes(config, stage or STAGES[-1])
    sending = sent / gpu.speed(config.gpus)
    step = max(computing, sending)  # a good program sends while it computes
    hours = config.gpus * steps * step / 3600
    saved = OPTIMIZER * config.params
    writing = saved / config.gpus / DISK
    between = HOURS_BETWEEN_FAILURES * 3600 / config.gpus
    return Plan(
        config, gpu, shape, memory, stage, flops, steps, sent, sending, step, steps * step,
        cost=hours * (gpu.price if config.price is None else config.price),
        energy=hours * gpu.watts,
        checkpoint_bytes=saved,
        failures=hours / HOURS_BETWEEN_FAILURES,
        checkpoint_every=best_interval(writing, between),
    )  # fmt: skip


def shape_of(params: float, vocab_size: int = 32_000, context: int = 4096) -> TransformerConfig:
    """Return a Llama of about so many parameters: 128 wide for each layer, as most are built.

    The width comes first, from N = 12 L D^2 with L = D / 128, then the depth that comes closest.
    Raises MinilmError below a million parameters, where the vocabulary would be nearly all.
    """
    if params < 1e6:
        raise MinilmError(f"{params:g} parameters need no plan: one device trains them in minutes.")

    def shape(width: int, n_layers: int) -> TransformerConfig:
        heads = max(1, width // (128 if width >= 1024 else 64))
        return TransformerConfig(
            vocab_size, context, n_layers, heads, d_model=width, feedforward="swiglu",
            d_ff=math.ceil(width / 96) * 256, d_head=width // heads, tie_embeddings=params < 1e9,
            qk_norm=False,
        )  # fmt: skip

    width, next_width = 64, 128
    while count_params(shape(next_width, max(1, round(next_width / 128)))).total <= params:
        width, next_width = next_width, next_width + (128 if next_width >= 1024 else 64)
    one, two = (count_params(shape(width, n)).total for n in (1, 2))
    return shape(width, max(1, round((params - one) / (two - one)) + 1))


def flops_of_token(config: PlanConfig, shape: TransformerConfig) -> float:
    """Return the work on one token: 6 N, and what attention adds for the length of the context."""
    count = count_params(shape)
    attention = flops_per_token(shape, config.context) - flops_per_token(shape, 1)
    lookup = 0 if shape.tie_embeddings else count.embedding  # costs nothing; the head does
    return 6 * ((config.active or config.params) - lookup) + attention


def memory_of(config: PlanConfig, shape: TransformerConfig, stage: str) -> Memory:
    """Return the bytes on one device: a piece of what the stage cuts up, and one sequence's trace.

    Source: Rajbhandari et al. 2020, "ZeRO", figure 1: 16 N bytes for Adam in mixed precision.
    """
    pieces, cut = config.gpus, STAGES.index(stage)
    kept = activation_bytes(shape, 1, config.context, WEIGHT)
    if config.recompute:  # what enters each layer, and one layer at a time in full
        kept = activation_bytes(replace(shape, n_layers=1), 1, config.context, WEIGHT)
        kept += shape.n_layers * shape.d_model * config.context * WEIGHT
    return Memory(
        stage,
        weights=WEIGHT * config.params / (pieces if cut >= 3 else 1),
        gradients=GRADIENT * config.params / (pieces if cut >= 2 else 1),
        optimizer=OPTIMIZER * config.params / (pieces if cut >= 1 else 1),
        activations=kept,
    )


def wire_bytes(config: PlanConfig, stage: str) -> float:
    """Return the bytes that each device sends in one step, over rings.

    Adding up a tensor of S bytes over n devices costs each 2 (n - 1) / n S: once around to add the
    pieces, once to hand them out. Cut weights must be gathered twice for every sequence, forward
    and backward, and cut gradients scattered; whole ones wait for the end of the step.

    Source: Rajbhandari et al. 2020, "ZeRO", section 7; Patarasuk and Yuan 2009 for the ring.
    """
    once_around = (config.gpus - 1) / config.gpus * WEIGHT * config.params
    sequences = max(1.0, config.batch_tokens / config.context / config.gpus)
    rounds = {"none": 2.0, "optimizer": 2.0, "gradients": sequences + 1, "weights": 3 * sequences}
    return once_around * rounds[stage]


def best_interval(writing: float, between: float) -> float:
    """Return how long to compute between two checkpoints, in seconds: sqrt(2 x writing x between).

    Checkpoints cost `writing` seconds each, and a failure, every `between` seconds, half an
    interval. Source: Young 1974, "A first order approximation to the optimum checkpoint interval".
    """
    return math.sqrt(2 * writing * between)
