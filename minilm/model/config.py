"""The sizes and choices that define a transformer."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from minilm.errors import MinilmError

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class TransformerConfig:
    """The sizes and choices that define a transformer; two equal configs hold the same weights.

    Sizes: `d_head` defaults to d_model / n_heads. `n_kv_heads` is the number of key and value heads
    (default: one for each query head; 1 is multi-query attention). `d_ff` defaults to 4 times the
    width, and for SwiGLU, which has three matrices, to 8/3 times, rounded up to a multiple of 8, so
    that both cost the same; with experts it is the width of one.

    Choices: `feedforward` is "relu2", "swiglu", "gelu" or "experts"; `norm` is "rms" or "layer",
    and `norm_eps` goes into all of them; `bias` gives every linear map inside the blocks a bias;
    `qk_norm` normalises queries and keys; `position` is "rope", "learned", "sinusoidal", "alibi" or
    "none"; with a `window`, a position sees itself and the window - 1 before it in each layer.

    `rope_stretching` is (factor, slow, fast, trained length) of minilm.model.stretched.

    `attention` is "grouped" or "latent". Latent attention remembers `kv_rank` numbers for the keys
    and values of a position (default: 4 heads wide) and `d_rope` for where it stands (default: half
    a head); a `q_rank` compresses its queries, too. It normalises what it compresses and has no use
    for n_kv_heads and qk_norm.

    With experts, each position goes through `n_active_experts` of `n_experts`; `balance` weighs
    the part of the loss that keeps all of them in use.

    Raises MinilmError for a window that holds no position.
    """

    vocab_size: int
    context_length: int = 256
    n_layers: int = 4
    n_heads: int = 4
    n_kv_heads: int | None = None
    d_model: int = 128
    d_ff: int | None = None
    feedforward: str = "relu2"
    tie_embeddings: bool = True
    qk_norm: bool = True
    rope_base: float = 10_000.0
    norm_eps: float = 1e-5
    d_head: int | None = None
    norm: str = "rms"
    bias: bool = False
    position: str = "rope"
    window: int | None = None
    attention: str = "grouped"
    kv_rank: int | None = None
    q_rank: int | None = None
    d_rope: int | None = None
    n_experts: int = 8
    n_active_experts: int = 2
    balance: float = 0.01
    rope_stretching: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.rope_stretching is not None:  # a list, if it comes from JSON
            object.__setattr__(self, "rope_stretching", tuple(self.rope_stretching))
            if len(self.rope_stretching) != 4:
                raise MinilmError("rope_stretching is four numbers: factor, slow, fast, length.")
        if self.window is not None and self.window < 1:
            raise MinilmError(
                f"A window of {self.window} positions sees nothing: choose 1 or more."
            )

    @property
    def head_width(self) -> int:
        """Return K, the width of one head."""
        return self.d_head or self.d_model // self.n_heads

    @property
    def feedforward_width(self) -> int:
        """Return F, the width inside a feed-forward layer, or inside one expert."""
        three = self.feedforward in ("swiglu", "experts")  # matrices, where the others have two
        return self.d_ff or (math.ceil(self.d_model / 3) * 8 if three else 4 * self.d_model)

    @property
    def latent_width(self) -> int:
        """Return C, what latent attention remembers of a position's content."""
        return self.kv_rank or 4 * self.head_width

    @property
    def rotary_width(self) -> int:
        """Return how many coordinates of a query and a key turn with the position."""
        if self.position != "rope":
            return 0
        if self.attention == "latent":
            return self.d_rope or self.head_width // 2
        return self.head_width


def choose(field: str, name: str, choices: Mapping[str, Choice]) -> Choice:
    """Return what a field's value names; raise MinilmError, with all choices, if it names none."""
    if name not in choices:
        names = ", ".join(f'"{choice}"' for choice in choices)
        raise MinilmError(f"{field} is {name!r}; write one of {names} instead.")
    return choices[name]
