"""Planted duplicates are found, and nothing else is."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.prepare.deduplicate import (
    REACH,
    Clusters,
    candidates,
    exact_duplicates,
    jaccard,
    near_duplicates,
    shingles,
)
from minilm.prepare.scratch import RECORD


@given(st.lists(st.text("ab", max_size=2)))
def test_exact_duplicates_point_to_the_first(texts: list[str]) -> None:
    duplicates = exact_duplicates(texts)
    for index, text in enumerate(texts):
        assert duplicates.get(index, index) == texts.index(text)


def test_shingles() -> None:
    assert shingles("A b c d E f") == {"a b c d e", "b c d e f"}
    assert shingles("too short") == {"too short"}
    assert shingles("") == {""}


def random_texts(number: int, n_words: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    words = [f"w{i}" for i in range(500)]
    return [" ".join(rng.choices(words, k=n_words)) for _ in range(number)]


def change_words(text: str, positions: list[int]) -> str:
    words = text.split()
    for position in positions:
        words[position] = "changed"
    return " ".join(words)


def test_planted_pairs_are_all_found_and_nothing_else() -> None:
    """200 texts of 150 words, each again with one or two words changed (similarity 0.87 to 0.97),
    and again with every fourth word changed (similarity below 0.2: another text)."""
    texts = random_texts(200, 150)
    near = [change_words(text, [20, 80][: 1 + i % 2]) for i, text in enumerate(texts)]
    far = [change_words(text, list(range(0, 150, 4))) for text in texts]
    duplicates = near_duplicates(texts + far + near)
    assert duplicates == {400 + i: i for i in range(200)}


def test_recall_at_the_threshold() -> None:
    """Pairs exactly at the threshold, where the promise is weakest: 99 of 100 on average."""
    texts = random_texts(300, 116, seed=1)
    edited = [change_words(text, [30, 70, 90, 115]) for text in texts]  # 112 runs, 16 changed
    similarity = jaccard(shingles(texts[0]), shingles(edited[0]))
    assert similarity == pytest.approx(96 / 128)
    assert len(near_duplicates(texts + edited, similarity)) >= 290


def test_the_first_is_kept_whatever_the_order() -> None:
    first = random_texts(1, 100)[0]
    second = change_words(first, [50])
    assert near_duplicates([second, first, second.upper()]) == {1: 0, 2: 0}
    assert near_duplicates([first, second.upper(), second]) == {1: 0, 2: 0}


def test_clusters_are_transitive() -> None:
    """Each text differs from its neighbor in one word; the ends have little in common."""
    chain = random_texts(1, 100)
    for position in (10, 30, 50, 70, 90):
        chain.append(change_words(chain[-1], [position]))
    assert jaccard(shingles(chain[0]), shingles(chain[-1])) < 0.7
    assert near_duplicates(chain) == dict.fromkeys(range(1, 6), 0)
    assert near_duplicates(chain[::-1]) == dict.fromkeys(range(1, 6), 0)


def test_a_large_group_of_equal_texts_is_one_cluster() -> None:
    """More than each is compared with: 60 copies with a word changed at the end of each."""
    texts = [change_words(random_texts(1, 100)[0] + f" number{i}", [99]) for i in range(60)]
    assert near_duplicates(texts) == dict.fromkeys(range(1, 60), 0)


@given(
    st.lists(st.tuples(st.integers(0, 5) | st.just(0), st.integers(0, 30)), max_size=60), st.data()
)
def test_candidates_connect_all_that_share_a_key(records, data) -> None:
    """The oracle: documents joined whenever they share a key, in any order."""
    left_out = np.array(data.draw(st.lists(st.booleans(), min_size=31, max_size=31)))
    rows = np.array(sorted(set(records)), dtype=RECORD)
    pairs = np.concatenate([[], *candidates([rows], left_out)]).astype(np.uint64)
    clusters, expected = Clusters(31), Clusters(31)
    found: dict[int, set[int]] = {}
    for a, b in (divmod(int(pair), 2**32) for pair in pairs):
        assert a < b
        assert not left_out[a]
        assert not left_out[b]
        clusters.join(a, b)
        found.setdefault(a, set()).add(b)
    for key in range(6):
        members = [b for k, b in set(records) if k == key and not left_out[b]]
        members.sort()
        for place, member in enumerate(members[1:], start=1):
            expected.join(members[0], member)
            for near in [members[0], *members[max(0, place - REACH) : place]]:
                assert member in found[near], "not compared with the first, or with a neighbor"
    firsts = [[c.first(i) for i in range(31)] for c in (clusters, expected)]
    assert firsts[0] == firsts[1]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9))))
def test_a_cluster_is_named_by_its_first(joins) -> None:
    clusters, names = Clusters(10), list(range(10))  # the oracle: rename all of one cluster
    for a, b in joins:
        clusters.join(a, b)
        old, new = max(names[a], names[b]), min(names[a], names[b])
        names = [new if name == old else name for name in names]
    assert [clusters.first(i) for i in range(10)] == names
    assert clusters.repeats().tolist() == [names[i] != i for i in range(10)]


def test_the_threshold_is_exact() -> None:
    a = random_texts(1, 54)[0]
    b = change_words(a, [53])  # 49 of 51 runs in common
    assert near_duplicates([a, b], threshold=49 / 51) == {1: 0}
    assert near_duplicates([a, b], threshold=49 / 51 + 1e-9) == {}


def test_nothing_to_compare() -> None:
    assert near_duplicates([]) == {}
    assert near_duplicates(["a b c"]) == {}
