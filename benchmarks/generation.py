"""Writing with a cache at batch 1, about 14 million parameters: ours beside transformers' generate.

Ours is stored by columns, as `load_run` stores it. The peer is a LlamaForCausalLM of the same sizes
with its default (dynamic) cache. Both sample with temperature 0.8 and top-k 50 from a prompt of 16
tokens. One thread: a matrix times a vector waits for memory, and a second thread gains nothing.

    python benchmarks/generation.py
"""

import torch
from compare import Contestant, compare
from transformers import LlamaConfig, LlamaForCausalLM

from minilm.model.transformer import Transformer, TransformerConfig
from minilm.serve.engine import generate
from minilm.serve.layout import store_by_columns

VOCAB, CONTEXT, NEW = 8192, 512, 100
PROMPT = list(range(16))


def ours() -> float:
    tokens = generate(
        mine, PROMPT, max_new_tokens=NEW, temperature=0.8, top_k=50, seed=0, use_cache=True
    )
    return sum(1 for _ in tokens)


def theirs() -> float:
    ids = peer.generate(
        torch.tensor([PROMPT]), max_new_tokens=NEW, do_sample=True, temperature=0.8, top_k=50,
        pad_token_id=0,
    )  # fmt: skip
    return ids.shape[1] - len(PROMPT)


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = TransformerConfig(VOCAB, CONTEXT, n_layers=6, n_heads=6, d_model=384, qk_norm=False)
    mine = Transformer(config).eval()
    store_by_columns(mine)
    peer = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCAB, hidden_size=384, intermediate_size=1024, num_hidden_layers=6,
            num_attention_heads=6, max_position_embeddings=CONTEXT, tie_word_embeddings=True,
            bos_token_id=None, eos_token_id=None,
        )
    ).eval()  # fmt: skip
    n_theirs = sum(weight.numel() for weight in peer.parameters())
    print(f"parameters: ours {mine.n_params():,}, theirs {n_theirs:,}")
    compare(
        "Generation with a cache, batch 1",
        [
            Contestant("minilm generate", ours),
            Contestant("transformers generate", theirs),
        ],
        "tokens/s",
        rounds=9,
    )
