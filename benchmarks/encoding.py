"""Bulk encoding against tiktoken: the same vocabulary, the same ids.

    python benchmarks/encoding.py [--vocab-size 8192] [--rounds 5]

"cold" encodes with empty caches, as after loading; "warm" encodes the same texts again.
"""

import os
from collections.abc import Callable

from compare import Contestant, compare
from corpus import default_texts, megabytes, option_parser

from minilm.prepare.tokenizer import Tokenizer


def race(texts: list[str], vocab_size: int, rounds: int) -> None:
    """Encode in turns and print the speeds."""
    size = megabytes(texts)
    warm = Tokenizer.train(texts, vocab_size)
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
        Contestant(name, lambda way=way: way() and size)  # type: ignore[misc]
        for name, way in ways.items()
    ]
    verdict = "identical" if same else "DIFFERENT"
    title = f"Encoding, {size:.1f} MB, vocabulary {warm.vocab_size}, ids {verdict}"
    compare(title, contestants, "MB/s", rounds)


def main() -> None:
    options = option_parser(__doc__, sizes=[8192]).parse_args()
    texts = default_texts()
    for vocab_size in options.vocab_size:
        race(texts, vocab_size, options.rounds)


if __name__ == "__main__":
    main()
