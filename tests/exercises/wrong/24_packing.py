"""Wrong attempts at the exercises of chapter 24, each with words that the answer must contain."""

import torch
import torch.nn.functional as F


def only_the_long_ones(lengths, capacity):
    return [number for number, length in enumerate(lengths) if length > capacity]


def end_counted_as_a_place(lengths, capacity):
    found, begin = [], 0
    for number, length in enumerate(lengths):
        if begin // capacity != (begin + length) // capacity:
            found.append(number)
        begin += length
    return found


def empty_documents_forgotten(lengths, capacity):
    found, begin = [], 0
    for number, length in enumerate(lengths):
        if begin // capacity != (begin + length - 1) // capacity:
            found.append(number)
        begin += length
    return found


def across_documents(ids, documents):
    return F.pad(ids[1:], (0, 1), value=-100)


def padding_asked_for(ids, documents):
    same = F.pad(documents[1:] == documents[:-1], (0, 1))
    return torch.where(same, F.pad(ids[1:], (0, 1)), -100)


def one_place_short(ids, documents):
    return torch.where(documents[1:] == documents[:-1], ids[1:], -100)


def never_restarted(documents):
    return torch.arange(documents.shape[1]).expand_as(documents)


def numbers_taken_for_begins(documents):
    return torch.arange(documents.shape[1]) - documents.clamp(min=0)


def rest_is_lost(rows, rank, world_size):
    share = len(rows) // world_size
    return rows[rank * share : (rank + 1) * share]


def rest_to_the_last(rows, rank, world_size):
    share = len(rows) // world_size
    return rows[rank * share : None if rank == world_size - 1 else (rank + 1) * share]


def every_nth(rows, rank, world_size):
    return rows[rank::world_size]


def rounded_up(rows, rank, world_size):
    share = -(-len(rows) // world_size)
    return rows[max(0, rank * share - rank) : (rank + 1) * share]


WRONG = [
    ("cut_by_joining", only_the_long_ones, "cuts 1 and 3"),
    ("cut_by_joining", end_counted_as_a_place, "nothing is cut"),
    ("cut_by_joining", empty_documents_forgotten, "cuts number 2 alone"),
    ("packed_targets", across_documents, "have the targets [6, 7, -100, 9, -100, -100]"),
    ("packed_targets", padding_asked_for, "places of padding"),
    ("packed_targets", one_place_short, "(5,) came out"),
    ("restarted_positions", never_restarted, "have the positions [0, 1, 2, 0, 1, 0]"),
    ("restarted_positions", numbers_taken_for_begins, "have the positions"),
    ("uneven_share", rest_is_lost, "were lost"),
    ("uneven_share", rest_to_the_last, "differ by more than one"),
    ("uneven_share", every_nth, "in order"),
    ("uneven_share", rounded_up, "some twice"),
]
