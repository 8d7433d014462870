"""Licences: many ways to write one, one name for each, and a list of those that you accept.

Sources state licences as they like: an SPDX expression, the address of a deed, a tag of the hub, a
sentence. `identify` gives each its SPDX identifier, or one of four names for what SPDX does not
list. What it does not recognize in full stays unknown: a licence is read, never guessed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from minilm.collect.documents import Document
from minilm.errors import MinilmError
from minilm.files import write_json

PUBLIC_DOMAIN = "public-domain"  # nobody's: expired, dedicated, or a work of a government
PUBLIC_DOMAIN_US = "public-domain-US"  # in the United States; elsewhere perhaps somebody's
OWN = "own"  # the person who runs the collection says that it is theirs to use
UNKNOWN = "unknown"
NOT_SPDX = (PUBLIC_DOMAIN, PUBLIC_DOMAIN_US, OWN, UNKNOWN)
LEFT_OUT = "left_out.json"

# Deeds of Creative Commons: /licenses/by-sa/4.0/, with /igo/ or a country behind it.
DEED = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(?:licenses/(?P<kind>[a-z-]+)|publicdomain/"
    r"(?P<tool>zero|mark))/(?P<version>\d\.\d)(?:/(?P<port>[a-z]{2,3}))?(?:/\S*)?"
)
# The same in words: "CC BY-SA 4.0", "Creative Commons Attribution-ShareAlike 4.0 International".
WORDS = re.compile(
    r"(?:cc|creative commons)[ -]?(?P<kind>[a-z -]+?)[ -]?v?(?P<version>\d\.\d)"
    r"(?: international| unported)?(?: (?:public )?licen[cs]e)?"
)
LETTERS = {"attribution": "by", "sharealike": "sa", "noncommercial": "nc", "noderivatives": "nd"}
LETTERS |= {"noderivs": "nd", "by": "by", "sa": "sa", "nc": "nc", "nd": "nd"}
# Addresses and names that are neither; each has to match as a whole.
NAMES = {
    r"https?://(?:www\.)?gnu\.org/licenses/(?:old-licenses/)?(a?gpl|lgpl|fdl)-(\d\.\d).*": "gnu",
    r"https?://(?:www\.)?apache\.org/licenses/license-2\.0(?:\.txt|\.html)?": "Apache-2.0",
    r"https?://(?:www\.)?opensource\.org/licen[cs]es?/mit(?:-license\.php)?/?": "MIT",
    r"(?:the )?mit licen[cs]e": "MIT",
    r"(?:the )?apache(?: software)?(?: licen[cs]e)?,? (?:version )?2(?:\.0)?": "Apache-2.0",
    r"(?:python software foundation|psf) licen[cs]e(?: version 2)?": "PSF-2.0",
    r"odc-by": "ODC-By-1.0",
    r"pddl": "PDDL-1.0",
    r"cc0|cc0 1\.0(?: universal)?|cc zero": "CC0-1.0",
    r"(?:in the |the )?public domain in the (?:usa|us|united states).*": PUBLIC_DOMAIN_US,
    r"(?:in the |the )?public domain(?: mark 1\.0)?(?: \([^()]*\))?": PUBLIC_DOMAIN,
    r"public-domain|pdm|no known copyright restrictions": PUBLIC_DOMAIN,
    r"stated by you|own|my own(?: work)?": OWN,
}
SPDX = re.compile(r"https?://spdx\.org/licenses/([\w.+-]+?)(?:\.html|\.json|\.txt)?")


def identify(stated: str) -> str:
    """Give a licence, as a source states it, its one name; "unknown" when it is not recognized.

        identify("cc-by-4.0")                                          # CC-BY-4.0
        identify("https://creativecommons.org/licenses/by-sa/4.0/")    # CC-BY-SA-4.0
        identify("public domain (works of the ... government ...)")    # public-domain
        identify("not stated for the texts (the package's code is MIT)")   # unknown

    Names come from the SPDX License List, expressions from SPDX 2.3, annex D (read by packaging).
    """
    text = " ".join(stated.split())
    if text in NOT_SPDX:
        return text
    lowered = text.lower().rstrip(".")
    for read in (_creative_commons, _named):
        if found := read(lowered):
            return found
    address = SPDX.fullmatch(text)
    try:
        return str(canonicalize_license_expression(address[1] if address else text))
    except InvalidLicenseExpression:
        return UNKNOWN


def _creative_commons(text: str) -> str:
    """CC-BY-SA-4.0 and its sisters, from a deed's address or from words; "" for anything else."""
    found = DEED.fullmatch(text) or WORDS.fullmatch(text)
    if not found:
        return ""
    parts = found.groupdict()
    if parts.get("tool"):
        return "CC0-1.0" if parts["tool"] == "zero" else PUBLIC_DOMAIN
    letters = [LETTERS.get(word, "?") for word in re.split(r"[ -]+", parts["kind"])]
    letters.sort(key=lambda letter: "by nc nd sa".find(letter))  # early deeds have by-nd-nc
    kind, port = "-".join(letters), parts.get("port")
    name = f"CC-{kind}-{parts['version']}"
    for candidate in (f"{name}-{port}", name) if port and len(port) < 4 else (name,):
        try:
            return str(canonicalize_license_expression(candidate))
        except InvalidLicenseExpression:
            continue
    return ""


def _named(text: str) -> str:
    for pattern, name in NAMES.items():
        if found := re.fullmatch(pattern, text):
            if name != "gnu":
                return name
            family = "GFDL" if found[1] == "fdl" else found[1].upper()
            return f"{family}-{found[2]}-only"  # "or later" is the author's choice, not the text's
    return ""


def is_allowed(licence: str, allowed: Iterable[str]) -> bool:
    """Whether a licence is on the list; of "A OR B" one is enough, of "A AND B" both are needed."""
    names = {identify(name) for name in allowed}
    name = identify(licence)
    tokens = re.findall(r"[()]|[^\s()]+", name)[::-1]
    return name in names or _either(tokens, names)


def _either(tokens: list[str], names: set[str]) -> bool:
    """expression = both { OR both }: AND binds closer (SPDX 2.3, annex D)."""
    holds = _both(tokens, names)
    while tokens and tokens[-1] == "OR":
        tokens.pop()
        holds = _both(tokens, names) or holds
    return holds


def _both(tokens: list[str], names: set[str]) -> bool:
    """both = one { AND one }; one = ( expression ) or a name, perhaps WITH an exception."""
    holds = True
    while True:
        token = tokens.pop()
        if token == "(":
            holds = _either(tokens, names) and holds
            tokens.pop()  # the closing one
        else:
            if tokens and tokens[-1] == "WITH":
                token = " ".join([token, tokens.pop(), tokens.pop()])
            holds = token in names and holds
        if not (tokens and tokens[-1] == "AND"):
            return holds
        tokens.pop()


class LeftOut:
    """Which documents a list of licences left out: counts for each licence, and every id."""

    def __init__(self) -> None:
        self.ids: dict[str, list[str]] = {}

    def note(self, document: Document) -> None:
        """Note a document under the name of its licence."""
        self.ids.setdefault(identify(document["licence"]), []).append(document["id"])

    def records(self) -> list[dict[str, Any]]:
        """One record for each licence: its name, how many documents, and their ids."""
        return [
            {"licence": name, "documents": len(ids), "ids": ids}
            for name, ids in sorted(self.ids.items())
        ]

    def save(self, folder: Path) -> None:
        """Write the records as left_out.json into a collection's folder."""
        write_json(Path(folder) / LEFT_OUT, self.records())


def keep_licensed(
    documents: Iterable[Document], allowed: Sequence[str], left_out: LeftOut | None = None
) -> Iterator[Document]:
    """Keep the documents whose licence is on your list; `left_out` gets to know the others.

    An unknown licence is no licence: it passes only if the list says "unknown" by name. Silence of
    the owner about training is not asked here, refusal is: see `consent`.

    Raises MinilmError, before the first document, for an entry of the list that names no licence.
    """
    for name in allowed:
        if identify(name) == UNKNOWN and name != UNKNOWN:
            raise MinilmError(
                f"{name!r} in allow_licences is no licence that minilm knows. Write its SPDX"
                f' identifier, such as "CC-BY-4.0", or one of {", ".join(NOT_SPDX)}.'
            )
    return _kept(documents, allowed, left_out)


def _kept(
    documents: Iterable[Document], allowed: Sequence[str], left_out: LeftOut | None
) -> Iterator[Document]:
    verdicts: dict[str, bool] = {}  # licences are few, documents many
    for document in documents:
        licence = document["licence"]
        if licence not in verdicts:
            verdicts[licence] = is_allowed(licence, allowed)
        if verdicts[licence]:
            yield document
        elif left_out is not None:
            left_out.note(document)
