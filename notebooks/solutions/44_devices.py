"""Solutions to the exercises of chapter 44."""


def batch_share(step: int, batch_size: int, rank: int, size: int) -> list[int]:
    share = batch_size // size
    first = step * batch_size + rank * share  # the batches of earlier steps, the ranks before me
    return list(range(first, first + share))


def chunk_to_send(rank: int, step: int, n: int) -> int:
    # The chunk of the rank to the left goes first: it has the longest way, all round the ring.
    return (rank - step - 1) % n


def bytes_held(n_params: int, n_ranks: int, stage: int) -> float:
    optimizer = 8 / n_ranks if stage >= 1 else 8
    gradients = 4 / n_ranks if stage >= 2 else 4
    weights = 4 / n_ranks if stage >= 3 else 4
    return n_params * (weights + gradients + optimizer)


def bubble(n_ranks: int, n_parts: int) -> float:
    return (n_ranks - 1) / (n_parts + n_ranks - 1)
