"""What is hidden, how often, and that one trainer fills blanks and resumes bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minilm.errors import MinilmError
from minilm.evaluate.language import perplexity
from minilm.evaluate.masked import pseudo_losses
from minilm.model.config import TransformerConfig
from minilm.model.encoder import Encoder
from minilm.prepare.shards import TokenShards, write_shards
from minilm.train.batches import IGNORED
from minilm.train.masked import MaskedTokens, Masking, begins_word, mask_tokens
from minilm.train.trainer import Trainer, TrainerConfig

MASK, VOCAB = 30, 31
MASKING = Masking(MASK)


@given(st.lists(st.integers(0, 29), min_size=1, max_size=80), st.integers(0, 5))
def test_what_is_not_asked_stays_as_it_is(ids, seed):
    ids = np.array(ids)
    read, asked = mask_tokens(ids, MASKING, VOCAB, np.random.default_rng(seed))
    here = asked != IGNORED
    assert here.sum() == max(1, round(0.15 * len(ids)))
    assert (asked[here] == ids[here]).all()
    assert (read[~here] == ids[~here]).all()
    assert MASK not in read[~here]


def test_the_shares_are_eighty_ten_ten():
    generator = np.random.default_rng(0)
    ids = generator.integers(0, 30, 100_000)
    read, asked = mask_tokens(ids, MASKING, VOCAB, generator)
    here = asked != IGNORED
    hidden, kept = (read[here] == MASK).mean(), (read[here] == ids[here]).mean()
    assert hidden == pytest.approx(0.8, abs=0.01)
    assert kept == pytest.approx(0.1 + 0.1 / 30, abs=0.01)  # a swap may hit the token itself
    swapped = read[here & (read != MASK) & (read != ids)]
    assert set(swapped.tolist()) == set(range(30))  # all tokens, and never the mask


def test_the_mask_may_stand_anywhere_in_the_vocabulary():
    generator = np.random.default_rng(0)
    ids = generator.integers(1, 5, 5000)
    read, _ = mask_tokens(ids, Masking(0, 1.0, hidden=0.0, swapped=1.0), 5, generator)
    assert set(read.tolist()) == {1, 2, 3, 4}


WORDS = np.zeros(VOCAB, dtype=bool)
WORDS[:10] = True  # ids below 10 begin a word


@given(st.lists(st.integers(0, 29), min_size=1, max_size=60), st.integers(0, 5))
def test_a_word_is_asked_for_as_a_whole_and_treated_as_a_whole(ids, seed):
    ids = np.array(ids)
    read, asked = mask_tokens(ids, MASKING, VOCAB, np.random.default_rng(seed), WORDS)
    borders = [i for i in range(1, len(ids)) if WORDS[ids[i]]]
    units = np.split(np.arange(len(ids)), borders)
    for unit in units:
        assert len({bool(a) for a in asked[unit] != IGNORED}) == 1
        assert len({bool(a) for a in read[unit] == MASK}) == 1
    n_asked, wanted = (asked != IGNORED).sum(), max(1, round(0.15 * len(ids)))
    assert wanted <= n_asked < wanted + max(len(unit) for unit in units)


def test_a_word_begins_with_a_space_or_a_mark():
    tokens = [b" the", b"the", b"\n", b",", b" ", b"s", b"7", "é".encode(), b"\xa9", b"'s"]
    assert begins_word(tokens).tolist() == [
        True, False, True, True, True, False, False, False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [{"share": 0.0}, {"hidden": 0.9, "swapped": 0.2}, {"share": 1.1}])
def test_shares_out_of_range_are_refused(wrong):
    with pytest.raises(MinilmError, match="together at most 1"):
        Masking(MASK, **wrong)


@pytest.fixture
def shards(tmp_path):
    """Documents in which each token is known from its neighbours."""
    generator = np.random.default_rng(0)
    for part, n in (("train", 200), ("valid", 30)):
        sizes = generator.integers(5, 40, n)
        pieces = [(np.arange(size) * 7 + generator.integers(30)) % 30 for size in sizes]
        write_shards(pieces, tmp_path / part, vocab_size=VOCAB, token_lengths=[2] * VOCAB)
    return TokenShards.open(tmp_path / "train"), TokenShards.open(tmp_path / "valid")


CONFIG = TrainerConfig(
    steps=12, batch_size=8, warmup=0.2, decay=0.5, eval_every=6, checkpoint_every=3, device="cpu"
)


def small(seed=0):
    torch.manual_seed(seed)
    sizes = {"context_length": 16, "n_layers": 2, "n_heads": 2, "d_model": 32}
    return Encoder(TransformerConfig(VOCAB, **sizes))


def asking(shards, **changes):
    usual = {"batch_size": 8, "context_length": 16, "vocab_size": VOCAB, "eval_tokens": 400}
    return MaskedTokens(*shards, MASKING, **(usual | changes))


@pytest.mark.parametrize("packing", ["stream", "best-fit", "padded"])
def test_one_trainer_teaches_it_to_fill_blanks(shards, packing):
    objective = asking(shards, packing=packing, pseudo_tokens=64)
    config = replace(CONFIG, steps=150, learning_rate=0.01, eval_every=50)
    history = Trainer(small(), config, *shards, objective=objective).fit()
    assert history[-1]["valid_accuracy"] > 0.6  # by chance 0.03
    assert history[-1]["valid_loss"] < history[49]["valid_loss"]
    assert history[-1]["valid_pseudo_perplexity"] < 6
    assert [row["tokens"] for row in history] == np.cumsum(
        [objective.count(*objective.batch(step)) for step in range(150)]
    ).tolist()


@pytest.mark.parametrize("packing", ["stream", "padded"])
def test_a_batch_depends_on_the_step_alone(shards, packing):
    first, again = asking(shards, packing=packing), asking(shards, packing=packing)
    again.batch(3)
    for mine, other in zip(first.batch(7), again.batch(7), strict=True):
        assert mine.equal(other)
    epoch = first.rows.n_rows // 8 + 1  # the same text is hidden differently the next time
    inputs = torch.cat([first.batch(step)[0] for step in range(2 * epoch)])
    assert len({tuple(row) for row in inputs.tolist()}) > 1.5 * first.rows.n_rows
    patterns = {tuple(row) for row in (first.batch(0)[1] != IGNORED).tolist()}
    assert len(patterns) > 4  # and differently in each row
    ranks = [asking(shards, packing=packing, rank=rank, world_size=2).batch(7) for rank in (0, 1)]
    for mine, *parts in zip(first.batch(7), *ranks, strict=True):
        assert mine.equal(torch.cat(parts))


def test_padding_is_never_asked_for_nor_read(shards):
    inputs, targets, documents = asking(shards, packing="padded").batch(0)
    empty = documents < 0
    assert empty.any()
    assert (targets[empty] == IGNORED).all()
    assert (inputs[empty] == 0).all()
    assert (targets != IGNORED).any(dim=1).all()


def test_evaluation_is_the_mean_over_hidden_tokens_of_each_document_alone(shards):
    model = small()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.2)
    objective = asking(shards, packing="best-fit", eval_tokens=100, pseudo_tokens=20)
    whole = list(asking(shards, eval_tokens=400).validation())
    assert all((inputs[targets != IGNORED] == MASK).all() for inputs, targets in whole)
    inputs, targets, _ = next(objective.validation())
    text = torch.from_numpy(shards[1].read(0, 96)).view(6, 16)
    here = targets != IGNORED
    assert (inputs[here] == MASK).all()
    assert inputs[~here].equal(text[~here])
    numbers = np.repeat(np.arange(30), shards[1].document_lengths)[:96]
    losses, right = [], []
    for row in range(6):
        for number in set(numbers[16 * row : 16 * row + 16].tolist()):
            own = torch.from_numpy(numbers[16 * row : 16 * row + 16] == number)
            logits = model(inputs[row, own][None])[0].log_softmax(-1)
            for place in torch.nonzero(targets[row, own] != IGNORED)[:, 0].tolist():
                losses.append(-logits[place, targets[row, own][place]].item())
                right.append(logits[place].argmax().item() == targets[row, own][place].item())
    scores = objective.evaluate(model)
    assert scores["valid_loss"] == pytest.approx(np.mean(losses), abs=1e-5)
    assert scores["valid_accuracy"] == pytest.approx(np.mean(right))
    pseudo = perplexity(pseudo_losses(model, text.flatten()[:20], 16, MASK))
    assert scores["valid_pseudo_perplexity"] == pytest.approx(pseudo)


def without_clocks(history):
    return [{k: v for k, v in row.items() if "second" not in k} for row in history]


def test_stopped_and_continued_equals_uninterrupted(shards, tmp_path):
    def run(folder, seed=0, stop=None):
        trainer = Trainer(small(seed), CONFIG, *shards, folder=folder, objective=asking(shards))
        if stop is not None:
            step = trainer.train_step
            trainer.train_step = lambda n: step(n) if n < stop else 1 / 0
        return trainer

    straight = run(tmp_path / "a")
    history = straight.fit()
    with pytest.raises(ZeroDivisionError):
        run(tmp_path / "b", stop=8).fit()
    resumed = run(tmp_path / "b", seed=9)
    assert without_clocks(resumed.fit()) == without_clocks(history)
    for mine, other in zip(straight.model.parameters(), resumed.model.parameters(), strict=True):
        assert mine.equal(other)
