"""Wrong attempts at the exercises of chapter 42, each with words that the answer must contain."""

import math

import torch


def each_clipped_alone(gradients, limit):
    return [g * min(1.0, limit / float(g.norm())) for g in gradients]


def always_stretched_to_the_limit(gradients, limit):
    length = math.sqrt(sum(float(g.square().sum()) for g in gradients))
    return [g * limit / length for g in gradients]


def numbers_clamped(gradients, limit):
    return [g.clamp(-limit, limit) for g in gradients]


def mean_of_means(gradients, n_tokens):
    return torch.stack(gradients).mean(dim=0)


def sum_not_divided(gradients, n_tokens):
    return sum(g * n for g, n in zip(gradients, n_tokens, strict=True))


def warmup_from_zero(step, steps, warmup):
    if step < warmup:
        return step / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


def warmup_forgotten_in_the_cosine(step, steps, warmup):
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * step / steps))


def falls_twice_as_fast(step, steps, warmup):
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, 2 * (step - warmup) / (steps - warmup))))


def lion_without_a_sign(weight, gradient, mean, rate):
    return weight - rate * (0.9 * mean + 0.1 * gradient), 0.99 * mean + 0.01 * gradient


def lion_with_one_mean(weight, gradient, mean, rate):
    mean = 0.9 * mean + 0.1 * gradient
    return weight - rate * mean.sign(), mean


def lion_that_ignores_the_mean(weight, gradient, mean, rate):
    return weight - rate * gradient.sign(), 0.99 * mean + 0.01 * gradient


WRONG = [
    ("clip_by_norm", each_clipped_alone, "not [1.0, 1.0]"),
    ("clip_by_norm", always_stretched_to_the_limit, "short enough and stay"),
    ("clip_by_norm", numbers_clamped, "not [1.0, 1.0]"),
    ("whole_gradient", mean_of_means, "the mean is 1.5, not [2.0]"),
    ("whole_gradient", sum_not_divided, "give 2, not [40.0]"),
    ("cosine_schedule", warmup_from_zero, "not [0.0, 0.25, 0.5, 0.75]"),
    ("cosine_schedule", warmup_forgotten_in_the_cosine, "after the warm-up the factor is 1"),
    ("cosine_schedule", falls_twice_as_fast, "half-way down"),
    ("lion_step", lion_without_a_sign, "moves by the rate"),
    ("lion_step", lion_with_one_mean, "takes over 1 %"),
    ("lion_step", lion_that_ignores_the_mean, "outvotes a gradient"),
]
