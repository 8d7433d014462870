"""Wrong attempts at the exercises of chapter 12, each with words that the answer must contain."""

import math
from collections import Counter


def or_binds_closer(expression, allowed):
    return all(
        any(name in allowed for name in side.split(" OR ")) for side in expression.split(" AND ")
    )


def a_part_of_the_name(expression, allowed):
    return any(name in expression for name in allowed)


def every_name_needed(expression, allowed):
    names = [n for n in expression.split() if n not in ("AND", "OR")]
    return all(name in allowed for name in names)


def number_of_groups(rows, columns):
    return len({tuple(row[column] for column in columns) for row in rows})


def column_by_column(rows, columns):
    return min(
        [min(Counter(row[column] for row in rows).values()) for column in columns] or [len(rows)]
    )


def largest_group(rows, columns):
    return max(Counter(tuple(row[column] for column in columns) for row in rows).values())


def rank_from_zero(losses, secret):
    rank = sum(loss < losses[secret] for loss in losses)
    return math.log2(len(losses)) - math.log2(rank or 1)


def large_loss_first(losses, secret):
    rank = 1 + sum(loss > losses[secret] for loss in losses)
    return math.log2(len(losses)) - math.log2(rank)


def ties_lost(losses, secret):
    rank = sum(loss <= losses[secret] for loss in losses)
    return math.log2(len(losses)) - math.log2(rank)


def the_id_alone(documents, document_id):
    if all(document["id"] != document_id for document in documents):
        raise KeyError(document_id)
    return [d for d in documents if d["id"] != document_id], [document_id]


def by_checksum(documents, document_id):
    sums = {d["id"]: d["sha256"] for d in documents}
    gone = [id for id, one in sums.items() if one == sums[document_id]]
    return [d for d in documents if d["id"] not in gone], gone


def silent_about_a_wrong_id(documents, document_id):
    asked = [d["text"].split() for d in documents if d["id"] == document_id]
    gone = [d["id"] for d in documents if d["text"].split() in asked]
    return [d for d in documents if d["id"] not in gone], gone


WRONG = [
    (
        "licence_holds",
        or_binds_closer,
        "'GPL-3.0-only OR MIT AND CC-BY-4.0' with ['GPL-3.0-only'] allowed is True",
    ),
    ("licence_holds", a_part_of_the_name, "'MIT AND GPL-3.0-only' with ['MIT'] allowed is False"),
    ("licence_holds", every_name_needed, "'MIT OR GPL-3.0-only' with ['MIT'] allowed is True"),
    ("k_anonymity", number_of_groups, "only one row has the town Elm"),
    ("k_anonymity", column_by_column, "no two rows share both"),
    ("k_anonymity", largest_group, "only one row has the town Elm"),
    ("exposure", rank_from_zero, "its rank is 2"),
    ("exposure", large_loss_first, "nothing is left to guess"),
    ("exposure", ties_lost, "its rank is 1"),
    ("remove_with_copies", the_id_alone, "the text is still there"),
    ("remove_with_copies", by_checksum, "with other spaces"),
    ("remove_with_copies", silent_about_a_wrong_id, "there is no z"),
]
