"""The evaluate stage: put every model of a run, and what it must beat, into the same tables.

Everything is measured on the test split, once. What was chosen, was chosen on the validation split.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minilm.evaluate.compress import Method, compressed_bits_per_byte
from minilm.evaluate.language import bits_per_byte, perplexity, token_losses
from minilm.model.ngram import NGram
from minilm.model.storage import Model, load_model
from minilm.prepare.shards import TokenShards
from minilm.prepare.tokenizer import Tokenizer
from minilm.recipe import EvaluateConfig
from minilm.train.device import choose_device

GIVEN = 8 * 1024**2  # bytes of training text that a compressor can look back on (xz's window)
N_SHOWN = 100  # tokens of the test text that the report shows
Row = dict[str, Any]
Ids = NDArray[np.int64]  # (N,)


def measure_language(config: EvaluateConfig, folders: Mapping[str, Path]) -> dict[str, Any]:
    """Score every model's prediction of the test text: rows with bits per byte, best first."""
    train = TokenShards.open(folders["prepare"] / "train")
    test = TokenShards.open(folders["prepare"] / "test")
    tokenizer = Tokenizer.load(folders["prepare"] / "tokenizer.json")
    ids = read_evenly(test, config.test_tokens)
    n_bytes = int(test.token_lengths[ids].sum())
    rows = [
        *_score_networks(config, folders, ids, test.token_lengths),
        *_score_ngrams(config, train, ids, n_bytes),
        *_score_compressors(tokenizer, train, ids),
    ]
    return {
        "rows": sorted(rows, key=lambda row: float(row["bits_per_byte"])),
        "n_bytes": n_bytes,
        "n_tokens": len(ids),
    }


def _score_networks(
    config: EvaluateConfig, folders: Mapping[str, Path], ids: Ids, token_lengths: Ids
) -> Iterator[Row]:
    for name, meaning in (("Transformer", "transformer"), ("LSTM", "lstm")):
        model = load_model(folders[f"train/{meaning}"] / "model.safetensors").to(choose_device())
        losses = token_losses(
            model, ids, model.config.context_length, stride=config.stride, progress=True
        )
        yield {
            "name": name,
            "meaning": meaning,
            "bits_per_byte": bits_per_byte(losses, int(token_lengths[ids[1:]].sum())),
            "perplexity": perplexity(losses),
            "parameters": model.n_params(),
            "context_length": model.config.context_length,
        }


def _score_ngrams(
    config: EvaluateConfig, train: TokenShards, ids: Ids, n_bytes: int
) -> Iterator[Row]:
    """n-gram models read the whole training text once: all they can learn of it."""
    known = train.read(0, len(train))
    for order in config.ngram_orders:
        model = NGram(order, train.vocab_size).fit(known)
        losses = model.token_losses(ids)
        yield {
            "name": f"{order}-gram, Kneser-Ney",
            "meaning": "ngram",
            "bits_per_byte": bits_per_byte(losses, n_bytes),
            "perplexity": perplexity(losses),
            "parameters": model.n_params(),
        }


def _score_compressors(tokenizer: Tokenizer, train: TokenShards, ids: Ids) -> Iterator[Row]:
    data = _text(tokenizer, ids)
    bytes_per_token = len(data) / len(ids)
    given = _text(tokenizer, read_evenly(train, int(GIVEN / bytes_per_token)))
    methods: tuple[Method, ...] = ("gzip", "xz")
    for method in methods:
        for name, before in ((method, b""), (f"{method}, after training text", given)):
            bits = compressed_bits_per_byte(data, method, given=before)
            yield {
                "name": name,
                "meaning": "baseline",
                "bits_per_byte": bits,
                "perplexity": None,
                "parameters": None,
            }


def read_evenly(shards: TokenShards, n_tokens: int, n_pieces: int = 64) -> Ids:
    """Read evenly spaced pieces of a text, so that what little fits shows every source: (N,)."""
    if n_tokens >= len(shards):
        return shards.read(0, len(shards))
    size = n_tokens // n_pieces
    starts = np.linspace(0, len(shards) - size, n_pieces).astype(int).tolist()
    return np.concatenate([shards.read(start, start + size) for start in starts])


def surprise(model: Model, tokenizer: Tokenizer, test: Path) -> list[Row]:
    """Show how the beginning of the test text is cut into tokens, and how likely each one was.

    The loss (nats) and the probability of the first token are None: nothing stands before it.
    """
    shards = TokenShards.open(test)
    ids = shards.read(0, min(N_SHOWN, len(shards)))
    losses = token_losses(model, ids, model.config.context_length).tolist()
    rows = zip(ids.tolist(), [None, *losses], strict=True)
    return [
        {
            "id": token,
            "text": tokenizer.decode([token]),
            "loss": loss,
            "probability": None if loss is None else math.exp(-loss),
        }
        for token, loss in rows
    ]


def _text(tokenizer: Tokenizer, ids: Ids) -> bytes:
    """Return the documents' bytes, without the marks between them."""
    return tokenizer.decode_bytes(ids[ids != tokenizer.end_of_text].tolist())
