"""Wrong attempts at the exercises of chapter 40, each with words that the answer must contain."""

import math

import torch

from minilm.train.autograd import Value


def sigmoid_that_overflows(x):
    result = 1 / (1 + math.exp(-x.data))
    return Value(result, ((x, result * (1 - result)),))


def sigmoid_with_the_slope_of_tanh(x):
    result = 1 / (1 + math.exp(-x.data))
    return Value(result, ((x, 1 - result**2),))


def sigmoid_that_forgets_its_source(x):
    return Value(1 / (1 + math.exp(-x.data)))


def slopes_in_the_wrong_order(x, w, slopes):
    return slopes @ w, x.mT @ slopes


def slopes_of_each_batch_row(x, w, slopes):
    return slopes @ w.T, x.mT @ slopes


def nudged_to_one_side(f, x):
    steps = torch.eye(len(x), dtype=x.dtype) * 1e-4
    return torch.stack([(f(x + step) - f(x)) / 1e-4 for step in steps])


def all_nudged_at_once(f, x):
    return ((f(x + 1e-5) - f(x - 1e-5)) / 2e-5).expand(len(x))


def nudges_not_taken_back(f, x):
    slopes = []
    for place in range(len(x)):
        before = f(x)
        x[place] += 1e-6
        slopes.append((f(x) - before) / 1e-6)
    return torch.stack(slopes)


def norm_taken_for_a_constant(x, slopes):
    return slopes * (x.square().mean(dim=-1, keepdim=True) + 1e-6).rsqrt()


def layer_norm_instead(x, slopes):
    scale = (x.square().mean(dim=-1, keepdim=True) + 1e-6).rsqrt()
    y = x * scale
    along = (slopes * y).mean(dim=-1, keepdim=True)
    result = scale * (slopes - y * along)
    return result - result.mean(dim=-1, keepdim=True)


WRONG = [
    ("sigmoid_of_value", sigmoid_that_overflows, "e^800 is too large"),
    ("sigmoid_of_value", sigmoid_with_the_slope_of_tanh, "σ times 1 - σ"),
    ("sigmoid_of_value", sigmoid_that_forgets_its_source, "yours is 0.0000"),
    ("matmul_slopes", slopes_in_the_wrong_order, "cannot be multiplied"),
    ("matmul_slopes", slopes_of_each_batch_row, "not (2, 3, 2)"),
    ("nudged_slopes", nudged_to_one_side, "go up and down"),
    ("nudged_slopes", all_nudged_at_once, "one number may be nudged at a time"),
    ("nudged_slopes", nudges_not_taken_back, "x came back changed"),
    ("rms_norm_slope", norm_taken_for_a_constant, "no part along x"),
    ("rms_norm_slope", layer_norm_instead, "no part along x"),
]
