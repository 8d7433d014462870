"""Wrong attempts at the exercises of chapter 44, each with words that the answer must contain."""


def the_same_for_all_ranks(step, batch_size, rank, size):
    return list(range(step * batch_size, step * batch_size + batch_size // size))


def a_whole_batch_for_each(step, batch_size, rank, size):
    first = (step * size + rank) * batch_size
    return list(range(first, first + batch_size))


def steps_counted_in_shares(step, batch_size, rank, size):
    share = batch_size // size
    return list(range((step + rank) * share, (step + rank + 1) * share))


def always_its_own(rank, step, n):
    return rank


def its_own_first(rank, step, n):
    return (rank - step) % n


def the_wrong_way_round(rank, step, n):
    return (rank + step + 1) % n


def everything_from_stage_1(n_params, n_ranks, stage):
    return n_params * (16 / n_ranks if stage else 16)


def one_number_for_adamw(n_params, n_ranks, stage):
    parts = [4 / n_ranks if stage >= first else 4 for first in (1, 2, 3)]
    return n_params * sum(parts)


def gradients_first(n_params, n_ranks, stage):
    parts = [4 / n_ranks if stage >= 1 else 4, 8 / n_ranks if stage >= 2 else 8]
    return n_params * (sum(parts) + (4 / n_ranks if stage >= 3 else 4))


def waiting_over_working(n_ranks, n_parts):
    return (n_ranks - 1) / n_parts


def mini_batches_forgotten(n_ranks, n_parts):
    return (n_ranks - 1) / n_ranks


WRONG = [
    ("batch_share", the_same_for_all_ranks, "2 ranks together take [0, 0, 1, 1, 2, 2]"),
    ("batch_share", a_whole_batch_for_each, "instead of each of 0 to 5 once"),
    ("batch_share", steps_counted_in_shares, "instead of each of 24 to 31 once"),
    ("chunk_to_send", always_its_own, "rank 0 should have the sum of chunk 0"),
    ("chunk_to_send", its_own_first, "lacks the numbers of [1]"),
    ("chunk_to_send", the_wrong_way_round, "3 ranks"),
    ("bytes_held", everything_from_stage_1, "stage 1 (the optimizer's memory shared): 10,000"),
    ("bytes_held", one_number_for_adamw, "16 bytes a weight at stage 0"),
    ("bytes_held", gradients_first, "stage 1 (the optimizer's memory shared): 10,000"),
    ("bubble", waiting_over_working, "2 ranks, 1 mini-batches: a rank waits for 0.500"),
    ("bubble", mini_batches_forgotten, "4 ranks, 4 mini-batches"),
]
