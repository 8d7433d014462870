"""Documents stay in their part: by name, whatever the order and the company."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.errors import MinilmError
from minilm.prepare.split import PARTS, position_of, split_documents, split_of

IDS = [f"source/{number}" for number in range(20_000)]
ids_strategy = st.lists(st.text(max_size=5), min_size=3, max_size=30, unique=True)


def test_shares_are_as_asked() -> None:
    counts = Counter(split_of(id_, valid=0.1, test=0.2) for id_ in IDS)
    assert counts["valid"] == pytest.approx(2_000, abs=150)
    assert counts["test"] == pytest.approx(4_000, abs=200)


def test_the_split_of_a_name_is_fixed_for_ever() -> None:
    """Were the hash ever changed, texts would wander from test to training parts."""
    assert position_of("sotu/1790-Washington-1") == pytest.approx(0.948792, abs=1e-6)
    assert [split_of(id_) for id_ in ("a", "b", "c")] == ["train"] * 3
    assert split_of("a", seed=1) in PARTS


def test_the_seed_matters() -> None:
    differing = sum(split_of(id_, seed=0) != split_of(id_, seed=1) for id_ in IDS)
    assert 0.1 < differing / len(IDS) < 0.3


@given(ids_strategy, st.randoms())
def test_order_does_not_matter_and_no_part_is_empty(ids: list[str], random) -> None:
    shuffled = list(ids)
    random.shuffle(shuffled)
    parts = split_documents(ids)
    assert split_documents(shuffled) == parts
    assert set(parts.values()) == set(PARTS)


def test_large_collections_follow_split_of() -> None:
    assert split_documents(IDS) == {id_: split_of(id_) for id_ in IDS}


def test_too_little_to_split() -> None:
    with pytest.raises(MinilmError, match="Only 2 documents"):
        split_documents(["a", "b"])
    for shares in ({"valid": 0.0}, {"test": 0.0}, {"valid": 0.5, "test": 0.5}):
        with pytest.raises(MinilmError, match="leave a part without text"):
            split_documents(IDS[:5], **shares)
