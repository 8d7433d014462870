"""Wrong attempts at the exercises of chapter 31, each with words that the answer must contain."""

import torch


def _gates(from_input, from_state):
    r_in, z_in, n_in = from_input.chunk(3, dim=-1)
    r_old, z_old, n_old = from_state.chunk(3, dim=-1)
    return torch.sigmoid(r_in + r_old), torch.sigmoid(z_in + z_old), n_in, n_old


def gates_the_other_way_round(from_input, from_state, h):
    r, z, n_in, n_old = _gates(from_input, from_state)
    return (1 - z) * h + z * torch.tanh(n_in + r * n_old)


def never_reset(from_input, from_state, h):
    _, z, n_in, n_old = _gates(from_input, from_state)
    return z * h + (1 - z) * torch.tanh(n_in + n_old)


def each_alone(gradients, limit):
    return [gradient * min(1.0, limit / float(gradient.norm() + 1e-9)) for gradient in gradients]


def values_cut(gradients, limit):
    return [gradient.clamp(-limit, limit) / 2**0.5 for gradient in gradients]


def always_to_the_limit(gradients, limit):
    length = sum(float(gradient.square().sum()) for gradient in gradients) ** 0.5
    return [gradient * limit / (length + 1e-9) for gradient in gradients]


def half_at_every_step(distance):
    return 0.0


def one_over_the_distance(distance):
    kept = torch.tensor(1 - 1 / (distance + 1))
    return float(torch.log(kept / (1 - kept)))


def starts_anew(layer, x, state, size):
    return torch.cat([layer(piece, (state,))[0] for piece in x.split(size, dim=1)], dim=1)


def never_cut(layer, x, state, size):
    return layer(x, (state,))[0]


WRONG = [
    ("gru_step", gates_the_other_way_round, "the old state must stay"),
    ("gru_step", never_reset, "must know nothing of the old"),
    ("clip", each_alone, "yours are 1.41"),
    ("clip", values_cut, "the direction must stay"),
    ("clip", always_to_the_limit, "short enough stays as it is"),
    ("forget_bias", half_at_every_step, "over 10 steps a gate of 0.500"),
    ("forget_bias", one_over_the_distance, "not a half"),
    ("read_in_pieces", starts_anew, "was the state carried over"),
    ("read_in_pieces", never_cut, "it reaches [0, 1, 2, 3, 4, 5]"),
]
