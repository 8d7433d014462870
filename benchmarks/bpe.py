"""BPE training, pure Python against Rust: the same texts, the same pattern, the same merges.

    python benchmarks/bpe.py [--vocab-size 8192 32768] [--rounds 5]

Speed is measured in turns in this process; the peak of memory for each trainer in a process of its
own, where the texts alone are the starting point.
"""

import gc
import json
import subprocess
import sys

import tokenizers
from compare import Contestant, compare
from corpus import default_texts, megabytes, option_parser
from tokenizers import models, pre_tokenizers, trainers

from minilm.memory import forget_peak, peak_memory
from minilm.prepare.bpe import count_words, train_bpe
from minilm.prepare.letters import from_letters

Merges = list[tuple[bytes, bytes]]


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


TRAINERS = {
    "minilm (pure Python)": train_minilm,
    f"tokenizers {tokenizers.__version__} (Rust)": train_tokenizers,
}


def race(texts: list[str], vocab_size: int, rounds: int) -> None:
    """Train in turns and print the speeds."""
    ours, theirs = (train(texts, vocab_size) for train in TRAINERS.values())
    verdict = "identical" if ours == theirs else "DIFFERENT"
    size = megabytes(texts)
    contestants = [
        Contestant(name, lambda train=train: train(texts, vocab_size) and size)  # type: ignore[misc]
        for name, train in TRAINERS.items()
    ]
    title = f"BPE training, {size:.1f} MB, vocabulary {vocab_size}, merges {verdict}"
    compare(title, contestants, "MB/s", rounds)


def print_peak(name: str, vocab_size: int) -> None:
    """Train once in this process and print how far its memory rose above the loaded texts."""
    texts = default_texts()
    gc.collect()
    forget_peak()
    before = peak_memory() or 0
    TRAINERS[name](texts, vocab_size)
    added = (peak_memory() or 0) - before
    print(f"  {name:<44} peak memory {added / 1e6:,.0f} MB above the texts' {before / 1e6:,.0f} MB")


def main() -> None:
    parser = option_parser(__doc__, sizes=[8192, 32768])
    parser.add_argument("--peak-of", choices=TRAINERS, help="measure memory only, in this process")
    options = parser.parse_args()
    if options.peak_of:
        return print_peak(options.peak_of, *options.vocab_size)
    texts = default_texts()
    for vocab_size in options.vocab_size:
        race(texts, vocab_size, options.rounds)
        for name in TRAINERS:
            measure = [sys.executable, __file__, "--peak-of", name, "--vocab-size", str(vocab_size)]
            subprocess.run(measure, check=True)


if __name__ == "__main__":
    main()
