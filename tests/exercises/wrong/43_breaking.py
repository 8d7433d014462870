"""Wrong attempts at the exercises of chapter 43, each with words that the answer must contain."""

import torch


def looks_only_at_the_last_position(model, ids, t):
    changed = ids.clone()
    changed[:, t] += 1
    return int(bool((model(ids)[:, t - 1] != model(changed)[:, t - 1]).any()))


def changes_what_it_was_given(model, ids, t):
    before = model(ids)
    ids[:, t] += 1
    differs = (before != model(ids)).any(dim=-1).any(dim=0)
    return t - int(differs.nonzero().min())


def new_batches_all_the_time(patient):
    losses = [patient.step(*patient.batch(step)) for step in range(61)]
    return losses[-1] < 1


def not_above_one(patient):
    inputs, targets = patient.batch(0)
    losses = [patient.step(inputs, targets) for _ in range(61)]
    return not losses[-1] >= 1


def the_last_bad_layer(model, x):
    found = [""]
    for name, module in model.named_children():
        x = module(x)
        if not torch.isfinite(x).all():
            found.append(name)
    return found[-1]


def the_outermost_layer(model, x):
    for name, module in model.named_children():
        x = module(x)
        if not torch.isfinite(x).all():
            return name
    return ""


def everybody_is_healthy(patient):
    return "healthy"


def by_the_loss_alone(patient):
    return "wrong mask" if patient.losses[-1] < 2.5 else "healthy"


WRONG = [
    ("sees_ahead", looks_only_at_the_last_position, "up to t + 3"),
    ("sees_ahead", changes_what_it_was_given, "work on a copy"),
    ("overfits", new_batches_all_the_time, "it is one batch"),
    ("overfits", not_above_one, "not a number is not below 1"),
    ("first_bad_layer", the_last_bad_layer, "the first bad layer is '1', not '2'"),
    ("first_bad_layer", the_outermost_layer, "dotted names"),
    ("diagnose", everybody_is_healthy, "patient K"),
    ("diagnose", by_the_loss_alone, "patient K"),
]
