"""What a transformer costs, from its config alone: parameters, operations, bytes to remember.

These are formulas, so that a model can be planned that does not fit on this machine. Tests hold
each against the real thing: the tensors of a built model, torch's count of operations, and the
bytes that a step keeps for its backward pass.

L layers, D d_model, H heads, G key and value heads, K d_head, F d_ff, C kv_rank, R d_rope,
E experts, A experts that are active, V vocab_size, T positions
"""

from dataclasses import dataclass

from minilm.errors import MinilmError
from minilm.model.config import TransformerConfig


@dataclass(frozen=True)
class ParameterCount:
    """Where the parameters of a transformer are, over all layers; a tied head counts once, as 0.

    `idle` is the part of `feedforward` that one position does not go through: the experts that its
    router did not choose.
    """

    embedding: int
    positions: int
    attention: int
    feedforward: int
    norms: int
    head: int
    idle: int = 0

    @property
    def total(self) -> int:
        """All numbers that are learnt, and stored."""
        parts = (self.embedding, self.positions, self.attention, self.feedforward)
        return sum(parts) + self.norms + self.head

    @property
    def active(self) -> int:
        """Those that one token goes through."""
        return self.total - self.idle


def count_params(config: TransformerConfig) -> ParameterCount:
    """Count the parameters of the transformer that a config describes, without building it."""
    layers, width = config.n_layers, config.d_model
    norm = width * (2 if config.norm == "layer" else 1)
    one = sum(_feedforward(config))
    n_idle = config.n_experts - config.n_active_experts if config.feedforward == "experts" else 0
    n_busy = config.n_active_experts if config.feedforward == "experts" else 1
    vocabulary = config.vocab_size * width
    return ParameterCount(
        embedding=vocabulary,
        positions=config.context_length * width if config.position == "learned" else 0,
        attention=layers * sum(_attention(config)),
        feedforward=layers * ((n_busy + n_idle) * one + _router(config)),
        norms=layers * (2 * norm + _norms_of_attention(config)) + norm,
        head=0 if config.tie_embeddings else vocabulary,
        idle=layers * n_idle * one,
    )


def _attention(config: TransformerConfig) -> tuple[int, int]:
    """Count the weights and the biases of one attention layer."""
    width, heads, d_head = config.d_model, config.n_heads, config.head_width
    out = heads * d_head * width
    if config.attention == "latent":
        latent, rotary, rank = config.latent_width, config.rotary_width, config.q_rank
        query = heads * (d_head + rotary)
        queries = width * query if rank is None else (width + query) * rank
        weights = queries + width * (latent + rotary) + latent * heads * 2 * d_head + out
        return weights, config.bias * ((rank or 0) + latent + rotary + width)
    rows = (heads + 2 * (config.n_kv_heads or heads)) * d_head
    return width * rows + out, config.bias * (rows + width)


def _norms_of_attention(config: TransformerConfig) -> int:
    """Count the scales of the norms inside one attention layer."""
    if config.attention == "latent":
        return config.latent_width + (config.q_rank or 0)
    return 2 * config.head_width if config.qk_norm else 0


def _feedforward(config: TransformerConfig) -> tuple[int, int]:
    """Count the weights and the biases of one feed-forward layer, or of one expert."""
    width, inner = config.d_model, config.feedforward_width
    n_wide = 2 if config.feedforward in ("swiglu", "experts") else 1  # matrices that widen
    return (n_wide + 1) * width * inner, config.bias * (n_wide * inner + width)


def _router(config: TransformerConfig) -> int:
    return config.d_model * config.n_experts if config.feedforward == "experts" else 0


def flops_per_token(config: TransformerConfig, length: int | None = None) -> int:
    """Count the floating-point operations that training spends on one token, forward and backward.

    A matrix of N numbers costs a token 2 N operations, a multiplication and an addition each, and
    the backward pass twice as many, because it makes a gradient for the input and one for the
    matrix: 6 N. Attention adds, for each of `length` positions (default: the whole context), the
    products of queries with keys and of weights with values. Positions that the causal mask hides
    are counted although a good kernel skips them, as is the custom for shares of peak. The
    embedding is a lookup and costs nothing; the head costs, tied or not.

    Source: Chowdhery et al. 2022, "PaLM", appendix B.
    """
    seen = min(length or config.context_length, config.window or config.context_length)
    n_busy = config.n_active_experts if config.feedforward == "experts" else 1
    place = config.rotary_width if config.attention == "latent" else 0  # queries are wider by it
    layer = _attention(config)[0] + n_busy * _feedforward(config)[0] + _router(config)
    layer += config.n_heads * (2 * config.head_width + place) * seen
    return 6 * (config.n_layers * layer + config.vocab_size * config.d_model)


def cache_bytes(
    config: TransformerConfig, length: int, batch_size: int = 1, bytes_per_number: int = 4
) -> int:
    """Count the bytes of a cache that holds `length` positions of `batch_size` texts."""
    row = 2 * (config.n_kv_heads or config.n_heads) * config.head_width
    if config.attention == "latent":
        row = config.latent_width + config.rotary_width
    held = min(length, config.window or length)
    return config.n_layers * row * held * batch_size * bytes_per_number


def activation_bytes(
    config: TransformerConfig, batch_size: int, length: int, bytes_per_number: int = 4
) -> int:
    """Count the bytes that a step keeps from its forward pass for its backward pass.

    Of each layer a position keeps what the gradients of its parts need: what went into each matrix,
    three vectors a norm, queries, keys and values, and what stands on both sides of the
    nonlinearity. Attention's scores are not among them, for the fused kernel makes them anew (on a
    CPU, short contexts keep them: `minilm.model.blockwise`). This counts our own blocks; a
    framework that fuses more keeps less.

    Raises MinilmError for latent attention and for experts, whose parts are not counted here.
    Source: Korthikanti et al. 2022, "Reducing Activation Recomputation", section 4, whose way of
    counting this follows.
    """
    if config.attention == "latent" or config.feedforward == "experts":
        raise MinilmError(
            'activation_bytes knows attention = "grouped" and no experts; measure one step instead.'
        )
    width, inner, n_heads = config.d_model, config.feedforward_width, config.n_heads
    keys = (config.n_kv_heads or n_heads) * config.head_width
    queries = n_heads * config.head_width
    n_copies = config.qk_norm + (config.qk_norm or config.position == "rope")
    attention = 2 * queries + 2 * keys + n_copies * (queries + keys)
    feedforward = (4 if config.feedforward == "swiglu" else 2) * inner
    layer = 6 * width + attention + feedforward
    numbers = config.n_layers * layer + 3 * width + config.vocab_size
    return numbers * batch_size * length * bytes_per_number
