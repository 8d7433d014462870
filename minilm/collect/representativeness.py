"""Whose words are these? Counts that say who speaks in a collection, when, at what length, of what.

A census passes documents through and counts them. What comes out are plain records: by year, by
source, by length, by language, and the words that are typical for a source or an era. Topic words
are ranked by log-odds with an informative Dirichlet prior: Monroe, Colaresi and Quinn 2008,
"Fightin' Words", Political Analysis 16(4), section 3.5.1.

Letters: V words of the vocabulary, G groups.
"""

import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from minilm.collect.documents import Document, write_collection
from minilm.files import write_json

CENSUS = "census.json"
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
ERA = 50  # years
PRIOR = 10_000.0  # words: how strongly a group is believed to speak like everyone until it does not
MOST_WORDS = 400_000  # different words a group may count before it forgets those it met once
COMMON = 150  # words so common that they name no topic
Counts = Mapping[str, int]


def words_of(text: str) -> list[str]:
    """Words as the census counts them: letters in lower case, with an apostrophe inside."""
    return WORD.findall(text.lower())


class Census:
    """Counts of a collection, taken while its documents pass: memory grows with the words known.

    `eras` groups dated documents by so many years: 1790 falls into "1750 to 1799".
    """

    def __init__(self, eras: int = ERA) -> None:
        self.eras = eras
        self.years: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()
        self.lengths: dict[str, array[int]] = {}  # words per document
        self.by_source: dict[str, Counter[str]] = {}
        self.by_era: dict[str, Counter[str]] = {}

    def count(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Yield the documents as they come, counted."""
        for document in documents:
            self.add(document)
            yield document

    def add(self, document: Document) -> None:
        """Count one document."""
        words = words_of(document["text"])
        source, year = document["source"], document["date"][:4]
        self.years[year] += len(words)
        self.languages[document.get("language", "")] += 1
        self.lengths.setdefault(source, array("q")).append(len(words))
        _count_into(self.by_source.setdefault(source, Counter()), words)
        if re.fullmatch("[0-9]{4}", year):
            first = int(year) // self.eras * self.eras
            era = f"{first} to {first + self.eras - 1}"
            _count_into(self.by_era.setdefault(era, Counter()), words)

    def records(self, n_words: int = 12) -> dict[str, Any]:
        """Everything counted, as JSON: `years`, `languages`, `sources` and `eras`.

        A source or an era has its documents, words, quantiles of words per document, and its
        `n_words` most typical words against all other sources or eras.
        """
        typical = topic_words(self.by_source, n_words) | topic_words(self.by_era, n_words)
        return {
            "years": [{"year": year, "words": n} for year, n in sorted(self.years.items())],
            "languages": [
                {"language": name, "documents": n} for name, n in self.languages.most_common()
            ],
            "sources": [
                {
                    "source": source,
                    "documents": len(lengths),
                    "words": sum(lengths),
                    "words_per_document": quantiles(lengths),
                    "typical": typical[source],
                }
                for source, lengths in self.lengths.items()
            ],
            "eras": [
                {"era": era, "words": counts.total(), "typical": typical[era]}
                for era, counts in sorted(self.by_era.items())
            ],
        }


def _count_into(counts: Counter[str], words: list[str]) -> None:
    counts.update(words)
    if len(counts) > MOST_WORDS:  # rare words cannot be typical for anything
        for word in [word for word, n in counts.items() if n == 1]:
            del counts[word]


def quantiles(lengths: Iterable[int]) -> dict[str, int]:
    """The shortest, the longest, and those that 10, 50 and 90 % of the documents do not exceed."""
    ordered = sorted(lengths)
    places = {"shortest": 0.0, "10 %": 0.1, "median": 0.5, "90 %": 0.9, "longest": 1.0}
    return {name: ordered[round(share * (len(ordered) - 1))] for name, share in places.items()}


def log_odds(ours: Counts, theirs: Counts, prior: float = PRIOR) -> dict[str, float]:
    """How much more typical each word is for us than for them, in standard deviations: (V,).

    Odds of a word are smoothed by `prior` words in the proportions of both groups together, so a
    word that is rare everywhere cannot look typical by luck; the difference of the log-odds is
    divided by its standard deviation. Positive: ours. Equal groups give zeros.
    """
    n_ours, n_theirs = sum(ours.values()), sum(theirs.values())
    scores = {}
    for word in ours.keys() | theirs.keys():
        a, b = float(ours.get(word, 0)), float(theirs.get(word, 0))
        pseudo = prior * (a + b) / (n_ours + n_theirs)  # counts of this word that nobody made
        a, b = a + pseudo, b + pseudo
        rest_ours, rest_theirs = n_ours + prior - a, n_theirs + prior - b
        if rest_ours <= 0 or rest_theirs <= 0:  # the only word there is
            scores[word] = 0.0
            continue
        difference = math.log(a / rest_ours) - math.log(b / rest_theirs)
        scores[word] = difference / math.sqrt(1 / a + 1 / b)
    return scores


def topic_words(
    groups: Mapping[str, Counts], n_words: int = 12, without: int = COMMON
) -> dict[str, list[dict[str, Any]]]:
    """The words most typical for each group against all others together: word, count, z.

    The commonest words of all, `without` many, tell of grammar and not of topics: they are left
    out (0 leaves them in). Only words at least two standard deviations above the others count as
    typical; a single group has nobody to differ from and gets none.
    """
    total: Counter[str] = Counter()
    for counts in groups.values():
        total.update(counts)
    common = {word for word, _ in total.most_common(without)}
    found = {}
    for name, counts in groups.items():
        others = {word: n - counts.get(word, 0) for word, n in total.items()}
        scores = {w: z for w, z in log_odds(counts, others).items() if w not in common}
        ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        found[name] = [
            {"word": word, "count": counts[word], "z": round(z, 1)}
            for word, z in ranked[:n_words]
            if z >= 2
        ]
    return found


def write_counted(documents: Iterable[Document], folder: Path) -> dict[str, Any]:
    """Write a collection and, beside it, its census as census.json; return the manifest."""
    census = Census()
    manifest = write_collection(census.count(documents), folder)
    write_json(Path(folder) / CENSUS, census.records())
    return manifest
