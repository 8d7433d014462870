"""Wrong attempts at the exercises of chapter 35, each with words that the answer must contain."""

import torch


def causal_everywhere(n_source, n):
    return torch.ones(n, n, dtype=torch.bool).tril()


def everything(n_source, n):
    return torch.ones(n, n, dtype=torch.bool)


def blocks_apart(n_source, n):
    mask = torch.zeros(n, n, dtype=torch.bool)
    mask[:n_source, :n_source] = True
    mask[n_source:, n_source:] = torch.ones(n - n_source, n - n_source, dtype=torch.bool).tril()
    return mask


def hides_all(ids, chosen, dice, others, mask_id):
    return torch.where(chosen, mask_id, ids)


def dice_without_choice(ids, chosen, dice, others, mask_id):
    read = torch.where(dice < 0.9, others, ids)
    return torch.where(dice < 0.8, mask_id, read)


def ten_percent_from_the_start(ids, chosen, dice, others, mask_id):
    read = torch.where(chosen & (dice < 0.8), mask_id, ids)
    return torch.where(chosen & (dice < 0.1), others, read)


def in_place(ids, chosen, dice, others, mask_id):
    ids[chosen & (dice < 0.8)] = mask_id
    return ids


def not_shifted(target, end):
    return [*target, end], [*target, end]


def end_forgotten(target, end):
    return [end, *target], list(target)


def no_end_asked(target, end):
    return [end, *target[:-1]], list(target)


def each_draft_keeps_its_best(drafts, steps, beams):
    best = []
    for (ids, so_far), row in zip(drafts, steps.tolist(), strict=True):
        token = max(range(len(row)), key=row.__getitem__)
        best.append(([*ids, token], so_far + row[token]))
    return sorted(best, key=lambda draft: -draft[1])[:beams]


def forgets_the_past(drafts, steps, beams):
    grown = [
        ([*ids, token], step)
        for (ids, _), row in zip(drafts, steps.tolist(), strict=True)
        for token, step in enumerate(row)
    ]
    return sorted(grown, key=lambda draft: -draft[1])[:beams]


def worst_first(drafts, steps, beams):
    grown = [
        ([*ids, token], so_far + step)
        for (ids, so_far), row in zip(drafts, steps.tolist(), strict=True)
        for token, step in enumerate(row)
    ]
    return sorted(grown, key=lambda draft: draft[1])[:beams]


WRONG = [
    ("prefix_mask", causal_everywhere, "inside the source"),
    ("prefix_mask", everything, "the source looks at the target, at position 3"),
    ("prefix_mask", blocks_apart, "may look at all of the source"),
    ("what_is_read", hides_all, "from 0.8 on another token"),
    ("what_is_read", dice_without_choice, "position 5 was not chosen"),
    ("what_is_read", ten_percent_from_the_start, "below 0.8 the mask is read"),
    ("what_is_read", in_place, "work on a copy"),
    ("taught", not_shifted, "the end token as a start"),
    ("taught", end_forgotten, "4 inputs, 3 targets"),
    ("taught", no_end_asked, "the last thing asked for is the end"),
    ("beam_step", each_draft_keeps_its_best, "may come from one draft"),
    ("beam_step", forgets_the_past, "log probabilities of steps are added"),
    ("beam_step", worst_first, "compare whole texts"),
]
