"""Solutions to the exercises of chapter 10."""

import json


def allow_list(documents, allowed):
    return [document for document in documents if document["licence"] in allowed]


def compare_manifests(old, new):
    return {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "changed": sorted(id for id in old.keys() & new.keys() if old[id] != new[id]),
    }


def times_to_repeat(own_bytes, other_bytes, share):
    # share = own * times / (own * times + other), solved for times
    return share / (1 - share) * other_bytes / own_bytes


def to_columns(rows):
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def read_lines(lines):
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"line {number} is not JSON: {error}") from error
        yield row


def reservoir(stream, n, generator):
    kept = []
    for number, item in enumerate(stream):
        if number < n:
            kept.append(item)
        else:
            place = generator.randrange(
                number + 1
            )  # the new item stays with chance n / (number + 1)
            if place < n:
                kept[place] = item
    return kept
