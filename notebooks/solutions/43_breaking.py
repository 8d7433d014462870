"""Solutions of the exercises of chapter 43."""

import torch


def sees_ahead(model, ids, t):
    changed = ids.clone()
    changed[:, t] += 1
    differs = (model(ids) != model(changed)).any(dim=-1).any(dim=0)
    return t - int(differs.nonzero().min())


def overfits(patient):
    inputs, targets = patient.batch(0)
    losses = [patient.step(inputs, targets) for _ in range(61)]
    return losses[-1] < 1


def first_bad_layer(model, x):
    found = []

    def look(name):
        def hook(module, inputs, output):
            if not found and not torch.isfinite(output).all():
                found.append(name)

        return hook

    hooks = [m.register_forward_hook(look(n)) for n, m in model.named_modules() if n]
    model(x)
    for hook in hooks:
        hook.remove()
    return found[0] if found else ""


def diagnose(patient):
    inputs, _ = patient.batch(0)
    if sees_ahead(patient.model, inputs, 20):
        return "wrong mask"
    active = []
    hooks = [
        block.feedforward.up.register_forward_hook(
            lambda module, x, y: active.append((y > 0).flatten(0, 1).any(dim=0))
        )
        for block in patient.model.blocks
    ]
    patient.model(inputs)
    for hook in hooks:
        hook.remove()
    return "healthy" if torch.cat(active).float().mean() > 0.5 else "dead units"
