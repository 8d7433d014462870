"""Wrong attempts at the exercises of chapter 10, each with words that the answer must contain."""

import json


def a_part_of_the_licence_matches(documents, allowed):
    return [d for d in documents if any(one in d["licence"] for one in allowed)]


def the_licence_is_a_part(documents, allowed):
    return [d for d in documents if any(d["licence"] in one for one in allowed)]


def what_is_not_forbidden(documents, allowed):
    return [d for d in documents if "NC" not in d["licence"]]


def only_the_ids(old, new):
    return {"added": sorted(set(new) - set(old)), "removed": sorted(set(old) - set(new)),
            "changed": []}  # fmt: skip


def checksums_without_ids(old, new):
    return {
        "added": [id for id in new if new[id] not in old.values()],
        "removed": [id for id in old if old[id] not in new.values()],
        "changed": [],
    }


def changed_means_different(old, new):
    return {
        "added": sorted(set(new) - set(old)),
        "removed": sorted(set(old) - set(new)),
        "changed": sorted(id for id in set(old) | set(new) if old.get(id) != new.get(id)),
    }


def share_of_the_others(own_bytes, other_bytes, share):
    return share * other_bytes / own_bytes


def share_of_the_present_whole(own_bytes, other_bytes, share):
    return share * (own_bytes + other_bytes) / own_bytes


def columns_of_the_first_row(rows):
    return {name: [row.get(name) for row in rows] for name in (rows[0] if rows else {})}


def columns_without_gaps(rows):
    columns = {}
    for row in rows:
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    return columns


def columns_filled_at_the_end(rows):
    columns = columns_without_gaps(rows)
    for values in columns.values():
        values += [None] * (len(rows) - len(values))
    return columns


def all_lines_at_once(lines):
    return [json.loads(line) for line in lines if line.strip()]


def lines_read_before_the_first_row(lines):
    for line in list(lines):
        if line.strip():
            yield json.loads(line)


def bad_lines_left_out(lines):
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue


def rows_counted_instead_of_lines(lines):
    for number, line in enumerate((line for line in lines if line.strip()), start=1):
        try:
            row = json.loads(line)
        except ValueError:
            raise ValueError(f"line {number}") from None
        yield row


def the_first_ones(stream, n, generator):
    return [item for _, item in zip(range(n), stream, strict=False)]


def always_replaced(stream, n, generator):
    kept = []
    for item in stream:
        if len(kept) < n:
            kept.append(item)
        else:
            kept[generator.randrange(n)] = item
    return kept


def drawn_with_return(stream, n, generator):
    return generator.choices(list(stream), k=n)


WRONG = [
    ("allow_list", a_part_of_the_licence_matches, "compare whole licences"),
    ("allow_list", the_licence_is_a_part, "says nothing, so it allows nothing"),
    ("allow_list", what_is_not_forbidden, "allows nothing"),
    ("compare_manifests", only_the_ids, "only b is in both"),
    ("compare_manifests", checksums_without_ids, "d and g are new"),
    ("compare_manifests", changed_means_different, "only b is in both"),
    ("times_to_repeat", share_of_the_others, "not 50%"),
    ("times_to_repeat", share_of_the_present_whole, "not 50%"),
    ("to_columns", columns_of_the_first_row, "title stands in the second row only"),
    ("to_columns", columns_without_gaps, "columns of three values"),
    ("to_columns", columns_filled_at_the_end, "the title belongs to the second row"),
    ("read_lines", all_lines_at_once, "your code raised JSONDecodeError"),
    ("read_lines", lines_read_before_the_first_row, "you had read 5 lines already"),
    ("read_lines", bad_lines_left_out, "must raise ValueError; you went on to {'text': 'no'}"),
    ("read_lines", rows_counted_instead_of_lines, "counting empty ones"),
    ("reservoir", the_first_ones, "the first was kept 6,000 times"),
    ("reservoir", always_replaced, "each should be kept about 1,800 times"),
    ("reservoir", drawn_with_return, "5 of the stream a b c"),
]
