"""The checks of chapter 44."""

from collections.abc import Callable

from minilm.teach.check import Checks, exercise


@exercise
def batch_share(attempt: Callable[[int, int, int, int], list[int]]) -> Checks:
    """The rows that a rank takes of a step's batch, when rows are dealt in their order."""
    alone = list(attempt(0, 4, 0, 1))
    yield alone == [0, 1, 2, 3], f"one rank takes the whole first batch of 4, not {alone}"
    alone = list(attempt(2, 4, 0, 1))
    yield alone == [8, 9, 10, 11], f"step 2 of batches of 4 has the rows 8 to 11, not {alone}"
    for step, batch_size, size in ((0, 6, 2), (3, 8, 4), (5, 12, 3)):
        parts = [list(attempt(step, batch_size, rank, size)) for rank in range(size)]
        together = sorted(row for part in parts for row in part)
        whole = list(range(step * batch_size, (step + 1) * batch_size))
        yield (
            together == whole,
            f"step {step}: {size} ranks together take {together} instead of each of {whole[0]} to"
            f" {whole[-1]} once",
        )
        sizes = [len(part) for part in parts]
        yield len(set(sizes)) == 1, f"the ranks take {sizes} rows: nobody should wait for another"


@exercise
def chunk_to_send(attempt: Callable[[int, int, int], int]) -> Checks:
    """Which chunk a rank hands to the right in a step, so that rank r ends with the sum of r."""
    for n in (2, 3, 4, 7):
        # who has been added into which chunk: held[rank][chunk] is a set of ranks
        held = [[{rank} for _ in range(n)] for rank in range(n)]
        for step in range(n - 1):
            sent = [attempt(rank, step, n) for rank in range(n)]
            wrong = [chunk for chunk in sent if chunk not in range(n)]
            yield not wrong, f"there are chunks 0 to {n - 1}; {wrong} is none of them"
            parcels = [(rank, chunk, set(held[rank][chunk])) for rank, chunk in enumerate(sent)]
            for rank, chunk, parcel in parcels:
                target = held[(rank + 1) % n][chunk]
                twice = target & parcel
                yield (
                    not twice,
                    f"{n} ranks, step {step}: rank {rank} hands on chunk {chunk}, and the numbers"
                    f" of rank {min(twice, default=0)} are added a second time",
                )
                target |= parcel
        for rank in range(n):
            missing = set(range(n)) - held[rank][rank]
            yield (
                not missing,
                f"{n} ranks: at the end, rank {rank} should have the sum of chunk {rank}, and lacks"
                f" the numbers of {sorted(missing)}",
            )


@exercise
def bytes_held(attempt: Callable[[int, int, int], float]) -> Checks:
    """What a rank holds with AdamW in float32: stage 0 replicas; 1, 2, 3 share more and more."""
    for stage in range(4):
        alone = attempt(1000, 1, stage)
        yield alone == 16_000, f"alone, a rank holds 16 bytes a weight at stage {stage}: {alone}"
    expected = {0: 16_000, 1: 10_000, 2: 7_000, 3: 4_000}
    what = {0: "nothing", 1: "the optimizer's memory", 2: "gradients as well", 3: "everything"}
    for stage, wanted in expected.items():
        found = attempt(1000, 4, stage)
        yield (
            found == wanted,
            f"1,000 weights, 4 ranks, stage {stage} ({what[stage]} shared): {wanted:,} bytes, not"
            f" {found:,}",
        )


@exercise
def bubble(attempt: Callable[[int, int], float]) -> Checks:
    """The share of the time that a rank of a pipeline waits."""
    yield attempt(1, 5) == 0, f"one rank never waits, yours does for {attempt(1, 5):.3f}"
    for ranks, parts in ((2, 1), (4, 4), (4, 12), (8, 1)):
        # a rank works `parts` times forward and backward; the last part passes all ranks
        wanted = 1 - parts / (parts + ranks - 1)
        found = attempt(ranks, parts)
        yield (
            abs(found - wanted) < 1e-9,
            f"{ranks} ranks, {parts} mini-batches: a rank waits for {wanted:.3f} of the time, not"
            f" {found:.3f}",
        )
