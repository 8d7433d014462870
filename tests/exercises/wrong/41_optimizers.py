"""Wrong attempts at the exercises of chapter 41, each with words that the answer must contain."""

import torch


def mean_without_correction(values, beta):
    mean, means = 0.0, []
    for value in values:
        mean = beta * mean + (1 - beta) * value
        means.append(mean)
    return means


def counted_from_zero(values, beta):
    mean, means = 0.0, []
    for t, value in enumerate(values):
        mean = beta * mean + (1 - beta) * value
        means.append(mean / (1 - beta**t))
    return means


def full_factors(matrix):
    left, _, right = torch.linalg.svd(matrix)
    return left @ right


def plain_mean(values, beta):
    return [sum(values[: t + 1]) / (t + 1) for t in range(len(values))]


def left_times_left(matrix):
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    return left @ right.mT if matrix.shape[0] == matrix.shape[1] else left @ right


def orthogonal_by_qr(matrix):
    return torch.linalg.qr(matrix)[0] if matrix.shape[0] >= matrix.shape[1] else (
        torch.linalg.qr(matrix.T)[0].T
    )  # fmt: skip


def divided_by_its_norm(matrix):
    return matrix / matrix.norm()


def half_of_it(curvature):
    return 1 / float(torch.linalg.eigvalsh(curvature).max())


def steepest_axis(curvature):
    return 2 / float(curvature.diagonal().max())


def signal_over_noise(small_squared, large_squared, small, large):
    noise = (small_squared - large_squared) / (1 / small - 1 / large)
    return (large_squared - noise / large) / noise if noise else 0.0


def large_batch_taken_for_the_truth(small_squared, large_squared, small, large):
    return (small_squared - large_squared) * small / large_squared


WRONG = [
    ("running_means", mean_without_correction, "5 from the first number on"),
    ("running_means", counted_from_zero, "so t is 1"),
    ("running_means", plain_mean, "the newer of two counts twice"),
    ("nearest_orthogonal", full_factors, "full_matrices=False"),
    ("nearest_orthogonal", left_times_left, "not the nearest"),
    ("nearest_orthogonal", orthogonal_by_qr, "not the nearest"),
    ("nearest_orthogonal", divided_by_its_norm, "all strengths must be 1"),
    ("largest_stable_rate", half_of_it, "still settles"),
    ("largest_stable_rate", steepest_axis, "flies apart"),
    ("noise_scale", signal_over_noise, "so the scale is 25"),
    ("noise_scale", large_batch_taken_for_the_truth, "so the scale is 25"),
]
