"""Wrong attempts at the exercises of chapter 33, each with words that the answer must contain."""

import torch


def fires_twice_too_loud():
    return torch.tensor([[1.0, 1.0]]), torch.tensor([[0.25]])


def one_fact_is_enough():
    up = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    return up, torch.tensor([[0.5, 0.5]])


def turned_around():
    up = torch.tensor([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    return up, torch.tensor([[0.5], [-0.5], [-0.5]])


def turn_pairs(x, angles, backwards=False):
    sin = -angles.sin() if backwards else angles.sin()
    cos, first, second = angles.cos(), x[:, 0::2], x[:, 1::2]
    return torch.stack([first * cos - second * sin, first * sin + second * cos], 2).flatten(1)


def angles_of(x, base):
    speeds = base ** (-torch.arange(0, x.shape[1], 2) / x.shape[1])
    return torch.outer(torch.arange(len(x)).float(), speeds)


def turned_backwards(x, base=10_000.0):
    return turn_pairs(x, angles_of(x, base), backwards=True)


def one_hand_only(x, base=10_000.0):
    return turn_pairs(x, torch.arange(len(x)).float()[:, None].expand(-1, x.shape[1] // 2))


def base_forgotten(x, base=10_000.0):
    return turn_pairs(x, angles_of(x, 10_000.0))


def position_from_one(x, base=10_000.0):
    return turn_pairs(x, angles_of(torch.cat([x, x[:1]]), base)[1:])


def stretched(x, base=10_000.0):
    angles = angles_of(x, base)
    first, second = x[:, 0::2], x[:, 1::2]
    return torch.stack([first + second * angles.sin(), second - first * angles.sin()], 2).flatten(1)


def head_counted_twice(vocab_size, n_layers, d_model):
    return 2 * vocab_size * d_model + n_layers * (12 * d_model**2 + 2 * d_model) + d_model


def norms_forgotten(vocab_size, n_layers, d_model):
    return vocab_size * d_model + n_layers * 12 * d_model**2 + d_model


def each_write_alone(writes, norm, head):
    return [int((head @ norm(write)).argmax()) for write in writes]


def norm_forgotten(writes, norm, head):
    return [int((head @ sum(writes[: i + 1])).argmax()) for i in range(len(writes))]


def only_the_last(writes, norm, head):
    return [int((head @ norm(sum(writes))).argmax())]


WRONG = [
    ("only_together", fires_twice_too_loud, "for (1, 0) your layer says 0.25, not 0"),
    ("only_together", one_fact_is_enough, "for (1, 0) your layer says 0.50, not 0"),
    ("only_together", turned_around, "down must be (1, 3)"),
    ("rotation_by_sines", turned_backwards, "from the first axis to the second"),
    ("rotation_by_sines", one_hand_only, "the others do not"),
    ("rotation_by_sines", base_forgotten, "with base=100"),
    ("rotation_by_sines", position_from_one, "at position 0"),
    ("rotation_by_sines", stretched, "length"),
    ("parameter_count", head_counted_twice, "408 parameters, you count 808"),
    ("parameter_count", norms_forgotten, "10 tokens, 1 layers"),
    ("early_guesses", each_write_alone, "the sum of all writes"),
    ("early_guesses", norm_forgotten, "what the norm returns"),
    ("early_guesses", only_the_last, "you return 1"),
]
