"""The parts of a split corpus: read from the disk in their order, and written as shards."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from minilm.collect.documents import Document
from minilm.files import atomic_writer
from minilm.prepare.card import Sources
from minilm.prepare.contamination import cut_runs, places_by_document
from minilm.prepare.corpus import DECONTAMINATE, Corpus
from minilm.prepare.parallel import in_batches
from minilm.prepare.per_document import size_of
from minilm.prepare.scratch import Records
from minilm.prepare.shards import ShardWriter
from minilm.prepare.tokenizer import Tokenizer

LABELLED = "labelled.jsonl"
AT_A_TIME = 2**20  # characters that are encoded in one call


class CorpusPart:
    """Documents of a corpus in an order: `numbers` (N,). A number is a rank's document.

    `found` says which runs of words are to be cut out of which rank (see `find_overlaps`); with
    `whole`, the document goes as a whole.
    """

    def __init__(
        self,
        corpus: Corpus,
        numbers: npt.NDArray[np.int64],
        found: Records | None = None,
        whole: bool = False,
    ) -> None:
        self.corpus, self.numbers, self.found, self.whole = corpus, numbers, found, whole
        self.n_missing = 0  # documents of which the cuts leave nothing, once `note_cuts` has looked

    def __len__(self) -> int:
        return len(self.numbers) - self.n_missing

    def documents(self) -> Iterator[Document]:
        """Read the documents in order, without what is cut out; some may be missing for it."""
        cuts = iter(()) if self.found is None else places_by_document(self.found)
        cut_rank, places = next(cuts, (-1, []))
        for rank, number in enumerate(self.numbers):
            document = self.corpus.document(number)
            if rank == cut_rank:
                text = self._cut(document["text"], places)
                cut_rank, places = next(cuts, (-1, []))
                if not text:
                    continue
                document = {**document, "text": text}
            yield document

    def texts(self) -> Iterator[str]:
        """Read the documents' texts in order."""
        return (document["text"] for document in self.documents())

    def _cut(self, text: str, places: list[int]) -> str:
        return "" if self.whole else cut_runs(text, places)

    def note_cuts(self) -> None:
        """Write down what is cut out, and count what is left."""
        if self.found is None:
            return
        journal = self.corpus.journal
        for rank, places in places_by_document(self.found):
            document = self.corpus.document(self.numbers[rank])
            lost = size_of(document["text"])
            if text := self._cut(document["text"], places):
                lost -= size_of(text)
                journal.changed(DECONTAMINATE, {"documents cut": 1, "bytes cut out": lost})
            else:
                self.n_missing += 1
                reason = "quotes an evaluation text"
                journal.removed(DECONTAMINATE, reason, [document["id"]])
            journal.kept(DECONTAMINATE, -lost, 0 if text else -1)


def train_tokenizer(texts: Iterable[str], vocab_size: int, most_bytes: int) -> Tokenizer:
    """Learn a tokenizer from the first texts, up to `most_bytes` of them."""
    return Tokenizer.train(first_bytes(texts, most_bytes), vocab_size, progress=True)


def first_bytes(texts: Iterable[str], most: int) -> Iterator[str]:
    """Yield texts until `most` bytes are reached; the last one may go beyond."""
    n_bytes = 0
    for text in texts:
        yield text
        n_bytes += size_of(text)
        if n_bytes >= most:
            return


def write_part(
    part: CorpusPart, tokenizer: Tokenizer, folder: Path, labelled_source: str, sources: Sources
) -> dict[str, Any]:
    """Write the shards and the labelled documents of one part; return its size."""
    n_labelled = n_documents = n_bytes = 0
    bar = tqdm(part.documents(), f"encode {folder.name}", len(part), unit="doc")
    with (
        atomic_writer(folder / LABELLED, "w") as labelled,
        ShardWriter(
            folder, vocab_size=tokenizer.vocab_size, token_lengths=tokenizer.token_lengths
        ) as writer,
    ):
        for batch in in_batches(bar, lambda document: len(document["text"]), AT_A_TIME):
            tokens = tokenizer.encode_batch([document["text"] for document in batch])
            for document, ids in zip(batch, tokens, strict=True):
                size = size_of(document["text"])
                writer.add([*ids, tokenizer.end_of_text], document["id"], size)
                sources.count(document, size)
                n_documents, n_bytes = n_documents + 1, n_bytes + size
                if document["source"] == labelled_source and "label" in document:
                    row = {key: document[key] for key in ("id", "text", "label")}
                    labelled.write(json.dumps(row, ensure_ascii=False) + "\n")
                    n_labelled += 1
    n_tokens = writer.index["n_tokens"]
    return {
        "documents": n_documents,
        "bytes": n_bytes,
        "tokens": n_tokens,
        "labelled": n_labelled,
    }


def describe_tokenizer(tokenizer: Tokenizer, sizes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Size of the vocabulary, and how many bytes a token stands for in the validation part."""
    ordinary_tokens = sizes["valid"]["tokens"] - sizes["valid"]["documents"]
    bytes_per_token = sizes["valid"]["bytes"] / max(1, ordinary_tokens)
    return {"vocab_size": tokenizer.vocab_size, "bytes_per_token": round(bytes_per_token, 3)}
