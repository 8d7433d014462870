"""What happens to one document, whatever the others are: a pure function of a plain record.

So it can run anywhere: here in worker processes, or under `datasets.map`, Ray Data or Spark.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from minilm.collect.documents import Document
from minilm.errors import MinilmError
from minilm.prepare.filters import LINE_RULES, RULES, why_rejected
from minilm.prepare.language import language_reason
from minilm.prepare.normalize import normalize, strip_html
from minilm.prepare.privacy import mask_private

if TYPE_CHECKING:
    from minilm.prepare.clean import PrepareConfig

COLLECT, OPT_OUTS, NORMALIZE = "collect", "leave out what owners refuse", "normalize, strip HTML"
MASK, FILTER = "mask private data", "filter by length and repetition"
PUBLISHED, LANGUAGE = "published rules", "language"


def clean_document(
    document: Document, settings: "PrepareConfig"
) -> tuple[Document | None, dict[str, Any]]:
    """Normalize and mask a document's text; None in its place when a filter leaves it out.

    The notes say what happened: `bytes` after each step that it passed, in order, what was
    `changed` (step -> what -> how many), and `removed` (step -> reason) if it was. The document's
    checksum still names the text that was collected.
    """
    notes: dict[str, Any] = {"bytes": {COLLECT: size_of(document["text"])}, "changed": {}}
    if refusal := document.get("opt_out"):
        return None, notes | {"removed": {OPT_OUTS: refusal}}
    text = normalize(strip_html(document["text"]))
    notes["bytes"][NORMALIZE] = size_of(text)
    notes["changed"][NORMALIZE] = {"documents": int(text != document["text"])}
    text, notes["changed"][MASK] = mask_private(text)
    notes["bytes"][MASK] = size_of(text)
    for step, judge in filters_of(settings):
        text, reason = judge(text)
        if reason is not None:
            return None, notes | {"removed": {step: reason}}
        notes["bytes"][step] = size_of(text)
    return {**document, "text": text}, notes


Judge = Callable[[str], tuple[str, str | None]]  # the text, perhaps shorter; a reason against it


def filters_of(settings: "PrepareConfig") -> Iterator[tuple[str, Judge]]:
    """Yield the filters that the settings ask for, each with the name of its step."""
    yield FILTER, lambda text: (text, why_left_out(text, settings))
    if settings.rules:
        yield PUBLISHED, lambda text: apply_rules(text, settings.rules)
    if settings.language:
        yield LANGUAGE, lambda text: (text, language_reason(text, settings.language))


def apply_rules(text: str, names: Iterable[str]) -> tuple[str, str | None]:
    """Drop the lines that published rules drop, and give their first reason against the rest."""
    for name in names:
        text = LINE_RULES.get(name, str)(text)
        if reason := RULES[name](text):
            return text, reason
    return text, None


def check_rules(names: Iterable[str]) -> None:
    """Raise MinilmError for a rule that does not exist."""
    for name in names:
        if name not in RULES:
            raise MinilmError(f"There are no rules {name!r}. Choose among {', '.join(RULES)}.")


def why_left_out(text: str, settings: "PrepareConfig") -> str | None:
    """The first reason that the filters of the settings have against a text, or None."""
    return why_rejected(text, min_words=settings.min_words, max_words=settings.max_words)


def size_of(text: str) -> int:
    """The bytes of a text in UTF-8 (half a surrogate pair, which is none, counts as three)."""
    return len(text.encode("utf-8", "surrogatepass"))
