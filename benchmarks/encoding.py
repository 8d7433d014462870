"""Bulk encoding against tiktoken: the same vocabulary, the same ids.

    python benchmarks/encoding.py [--vocab-size 8192] [--rounds 5]

"cold" encodes with empty caches, as after loading; "warm" encodes the same texts again.
"""

import argparse
import os
from collections.abc import Callable

from bpe import default_texts
from compare import Contestant, compare

from minilm.prepare.tokenizer import Tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vocab-size", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    texts = default_texts()
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    warm = Tokenizer.train(texts, arguments.vocab_size)
    in_tiktoken = warm.to_tiktoken()
    n_cores = os.cpu_count() or 1
    ids = [warm.encode(text) for text in texts]
    same = ids == in_tiktoken.encode_ordinary_batch(texts) == warm.encode_batch(texts)
    del ids

    def cold() -> object:
        fresh = Tokenizer(warm.merges)
        return [fresh.encode(text) for text in texts]

    ways: dict[str, Callable[[], object]] = {
        "minilm encode_batch (through tiktoken)": lambda: warm.encode_batch(texts),
        "minilm encode, warm (pure Python)": lambda: [warm.encode(text) for text in texts],
        "minilm encode_array, warm (pure Python)": lambda: list(map(warm.encode_array, texts)),
        "minilm encode, cold (pure Python)": cold,
        "tiktoken, one thread": lambda: list(map(in_tiktoken.encode_ordinary, texts)),
        "tiktoken, all cores": lambda: in_tiktoken.encode_ordinary_batch(
            texts, num_threads=n_cores
        ),
    }
    contestants = [
        Contestant(name, lambda way=way: way() and megabytes)  # type: ignore[misc]
        for name, way in ways.items()
    ]
    verdict = "identical" if same else "DIFFERENT"
    title = f"Encoding, {megabytes:.1f} MB, vocabulary {warm.vocab_size}, ids {verdict}"
    compare(title, contestants, "MB/s", arguments.rounds)


if __name__ == "__main__":
    main()
