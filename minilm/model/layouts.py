"""What other people's checkpoints call our weights, and how they lay them out.

A layout is one table: a part of our transformer on the left, the same part in the file on the
right; N is the number of a layer, and braces name several parts whose rows are stacked. Two habits
differ beside the names:

- Rotary embedding turns pairs of coordinates. Ours are neighbors, 2i and 2i + 1; most files pair
  i with i + K/2, one from each half of a head. The rows of queries and keys are put in our order
  once, while loading; scores do not change, because queries and keys are permuted alike.
- GPT-2 kept its matrices as inputs x outputs, the transpose of ours.

H heads, K d_head
"""

import re
from dataclasses import dataclass

import torch
from torch import Tensor

LLAMA = {  # Hugging Face's llama and qwen3
    "embedding": "model.embed_tokens",
    "blocks.N.attention_norm": "model.layers.N.input_layernorm",
    "blocks.N.attention.qkv": "model.layers.N.self_attn.{q,k,v}_proj",
    "blocks.N.attention.query_norm": "model.layers.N.self_attn.q_norm",
    "blocks.N.attention.key_norm": "model.layers.N.self_attn.k_norm",
    "blocks.N.attention.out": "model.layers.N.self_attn.o_proj",
    "blocks.N.feedforward_norm": "model.layers.N.post_attention_layernorm",
    "blocks.N.feedforward.gate": "model.layers.N.mlp.gate_proj",
    "blocks.N.feedforward.up": "model.layers.N.mlp.up_proj",
    "blocks.N.feedforward.down": "model.layers.N.mlp.down_proj",
    "norm": "model.norm",
    "head": "lm_head",
}
GPT2 = {  # Hugging Face's gpt2
    "embedding": "wte",
    "positions": "wpe",
    "blocks.N.attention_norm": "h.N.ln_1",
    "blocks.N.attention.qkv": "h.N.attn.c_attn",
    "blocks.N.attention.out": "h.N.attn.c_proj",
    "blocks.N.feedforward_norm": "h.N.ln_2",
    "blocks.N.feedforward.up": "h.N.mlp.c_fc",
    "blocks.N.feedforward.down": "h.N.mlp.c_proj",
    "norm": "ln_f",
    "head": "lm_head",
}
GGUF = {  # all architectures; gpt2 stacks q, k and v itself
    "embedding": "token_embd",
    "positions": "position_embd",
    "blocks.N.attention_norm": "blk.N.attn_norm",
    "blocks.N.attention.qkv": "blk.N.attn_{q,k,v}",
    "blocks.N.attention.query_norm": "blk.N.attn_q_norm",
    "blocks.N.attention.key_norm": "blk.N.attn_k_norm",
    "blocks.N.attention.out": "blk.N.attn_output",
    "blocks.N.feedforward_norm": "blk.N.ffn_norm",
    "blocks.N.feedforward.gate": "blk.N.ffn_gate",
    "blocks.N.feedforward.up": "blk.N.ffn_up",
    "blocks.N.feedforward.down": "blk.N.ffn_down",
    "norm": "output_norm",
    "head": "output",
}


@dataclass(frozen=True)
class Layout:
    """The names of a family's weights, and its habits.

    `unused` matches tensors that some files carry and nobody needs: tables that can be computed.
    """

    names: dict[str, str]
    pairs_in_halves: bool = False
    inputs_first: bool = False
    unused: str = "$^"

    def theirs(self, name: str) -> list[str]:
        """Return the file's names of what we call `name`, in the order in which they are stacked.

        `theirs("blocks.3.attention.qkv.weight")` is three names in a Llama, one in a GPT-2.
        """
        part, _, what = name.rpartition(".")
        number = re.search(r"\d+", part)
        pattern = f"{self.names[re.sub(r'[0-9]+', 'N', part)]}.{what}"
        return expand(pattern.replace(".N.", f".{number[0]}.") if number else pattern)

    def ours(self, name: str, pieces: list[Tensor], d_head: int) -> Tensor:
        """Make the weight that we call `name` from the file's tensors for it."""
        if self.inputs_first and name.startswith("blocks."):
            pieces = [piece.T.contiguous() if piece.ndim == 2 else piece for piece in pieces]
        if self.pairs_in_halves and any(part in name for part in TURNED):
            pieces = [*(neighbors(piece, d_head) for piece in pieces[:2]), *pieces[2:]]
        return torch.cat(pieces) if len(pieces) > 1 else pieces[0]


TURNED = (".qkv.", ".query_norm.", ".key_norm.")  # of q, k and v stacked, the first two


def expand(pattern: str) -> list[str]:
    """Write braces out as a shell does: `expand("attn_{q,k}.weight")` is two names."""
    start, _, rest = pattern.partition("{")
    choices, _, end = rest.partition("}")
    return [start + choice + end for choice in choices.split(",")]


def neighbors(rows: Tensor, d_head: int) -> Tensor:
    """Put the rows of each head in our order: 0, K/2, 1, K/2 + 1, ... become 0, 1, 2, 3, ...

    Shapes: (heads * K, ...) -> the same.
    """
    halves = rows.reshape(-1, 2, d_head // 2, *rows.shape[1:])  # (H * K, ...) -> (H, 2, K/2, ...)
    return halves.transpose(1, 2).flatten(0, 2)


LAYOUTS = {  # (where the file comes from, what it calls its architecture)
    ("safetensors", "gpt2"): Layout(
        GPT2, inputs_first=True, unused=r"h\.\d+\.attn\.(masked_)?bias"
    ),
    ("safetensors", "llama"): Layout(
        LLAMA, pairs_in_halves=True, unused=r".*\.rotary_emb\.inv_freq"
    ),
    ("safetensors", "qwen3"): Layout(LLAMA, pairs_in_halves=True),
    ("gguf", "gpt2"): Layout(GGUF | {"blocks.N.attention.qkv": "blk.N.attn_qkv"}),
    # The q and k of a Llama were put in our order when the file was made.
    ("gguf", "llama"): Layout(GGUF, unused=r"rope_freqs\.weight"),
    ("gguf", "qwen3"): Layout(GGUF, pairs_in_halves=True),
}
