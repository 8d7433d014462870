"""Solutions to the exercises of chapter 12."""

import math
from collections import Counter


def licence_holds(expression, allowed):
    # AND binds closer: one of the sides of OR is enough, and of each side all parts are needed
    return any(
        all(name in allowed for name in side.split(" AND ")) for side in expression.split(" OR ")
    )


def k_anonymity(rows, columns):
    groups = Counter(tuple(row[column] for column in columns) for row in rows)
    return min(groups.values())


def exposure(losses, secret):
    rank = 1 + sum(loss < losses[secret] for loss in losses)
    return math.log2(len(losses)) - math.log2(rank)


def remove_with_copies(documents, document_id):
    words = {document["id"]: document["text"].split() for document in documents}
    asked = words[document_id]  # KeyError if there is none
    gone = [id for id, text in words.items() if text == asked]
    return [document for document in documents if document["id"] not in gone], gone
