"""Pairs: shifted targets, padding that counts for nothing, exact match, and the one trainer."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from minilm.errors import MinilmError
from minilm.model.config import TransformerConfig
from minilm.model.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from minilm.model.transformer import Transformer
from minilm.serve.engine import generate
from minilm.serve.translate import translate
from minilm.train.batches import IGNORED
from minilm.train.pairs import Continuation, PairDealer, Translation
from minilm.train.trainer import Trainer, TrainerConfig

END, VOCAB = 10, 11


def reversals(n, seed=0):
    """Digits, and the same digits backwards."""
    generator = np.random.default_rng(seed)
    sources = [generator.integers(0, 10, generator.integers(1, 6)).tolist() for _ in range(n)]
    return [(source, source[::-1]) for source in sources]


TRAIN, VALID = reversals(400), reversals(60, seed=1)
CONFIG = TrainerConfig(
    steps=12, batch_size=16, warmup=0.2, decay=0.5, eval_every=6, checkpoint_every=3, device="cpu"
)
KINDS = {"across": Translation, "onward": Continuation}


def small(kind="across", seed=0, n_layers=1):
    torch.manual_seed(seed)
    sizes = {"context_length": 16, "n_heads": 2, "d_model": 32}
    if kind == "onward":
        return Transformer(TransformerConfig(VOCAB, n_layers=2, **sizes))
    return EncoderDecoder(EncoderDecoderConfig(VOCAB, n_layers=n_layers, **sizes))


def stirred(model):
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
    return model


def asking(kind="across", train=TRAIN, valid=VALID, **changes):
    return KINDS[kind](train, valid, end=END, **({"batch_size": 16} | changes))


def test_a_batch_by_hand():
    pairs = [([1, 2], [3]), ([4], [5, 6])]
    source, inputs, targets, present = asking().lay_out(pairs)
    assert source.tolist() == [[1, 2, END], [4, END, END]]
    assert present.tolist() == [[True, True, True], [True, True, False]]
    assert inputs.tolist() == [[END, 3, END], [END, 5, 6]]
    assert targets.tolist() == [[3, END, IGNORED], [5, 6, END]]
    inputs, targets = asking("onward").lay_out(pairs)
    assert inputs.tolist() == [[1, 2, END, 3], [4, END, 5, 6]]
    assert targets.tolist() == [[IGNORED, IGNORED, 3, END], [IGNORED, 5, 6, END]]


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_that_of_each_pair_alone(kind):
    objective, model = asking(kind), stirred(small(kind))
    batch = objective.batch(0)
    pairs = [TRAIN[row] for row in objective.dealer.hand(0)]
    total, asked = 0.0, 0
    for source, target in pairs:
        wanted = torch.tensor([*target, END])
        if kind == "across":
            logits = model(torch.tensor([[*source, END]]), torch.tensor([[END, *target]]))[0]
        else:
            logits = model(torch.tensor([[*source, END, *target]]))[0, len(source) :]
        total += F.cross_entropy(logits, wanted, reduction="sum").item()
        asked += len(wanted)
    assert objective.count(*batch) == asked
    assert objective.loss(model, *batch).item() == pytest.approx(total / asked, abs=1e-5)
    one = asking(kind, valid=pairs).evaluate(model)
    assert one["valid_loss"] == pytest.approx(total / asked, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_exact_match_is_what_writing_greedily_would_give(kind):
    model = small(kind)
    config = replace(CONFIG, steps=100, learning_rate=0.01, eval_every=100)
    history = Trainer(model, config, objective=asking(kind)).fit()
    written = []
    for source, target in VALID:
        if kind == "across":
            ids = translate(model, source, end=END, max_new_tokens=8)[0].ids
        else:
            ids = list(generate(model, [*source, END], max_new_tokens=8, temperature=0, stop={END}))
        written.append(ids == target)
    assert history[-1]["valid_exact_match"] == np.mean(written)
    assert 0.05 < np.mean(written) < 1  # otherwise equality says little


def test_one_trainer_teaches_it_to_turn_texts_around():
    config = replace(CONFIG, steps=150, learning_rate=0.01, eval_every=50, batch_size=32)
    objective = asking(train=reversals(4000), batch_size=32)
    history = Trainer(small(n_layers=2), config, objective=objective).fit()
    assert history[-1]["valid_exact_match"] > 0.4
    assert history[-1]["valid_loss"] < 0.6 * history[49]["valid_loss"]


def test_rows_of_a_batch_are_alike_in_length_and_all_come_once():
    lengths = [len(source) + len(target) for source, target in TRAIN] * 5
    dealer = PairDealer(lengths, 16, seed=3)
    hands = [dealer.hand(step) for step in range(125)]
    assert sorted(row for hand in hands for row in hand) == list(range(2000))
    spread = [np.ptp([lengths[row] for row in hand]) for hand in hands]
    assert np.mean(spread) < 1 < np.ptp(lengths)
    means = [np.mean([lengths[row] for row in hand]) for hand in hands]
    assert abs(np.corrcoef(means[:-1], means[1:])[0, 1]) < 0.3  # and batches are shuffled
    assert dealer.hand(125) != dealer.hand(0)


def test_what_does_not_fill_a_batch_sits_out_an_epoch():
    dealer = PairDealer([3] * 35, 16)
    for epoch in range(3):
        rows = dealer.hand(2 * epoch) + dealer.hand(2 * epoch + 1)
        assert len(set(rows)) == 32
    seen = {row for step in range(20) for row in dealer.hand(step)}
    assert seen == set(range(35))


@pytest.mark.parametrize("kind", KINDS)
def test_ranks_share_a_batch(kind):
    whole = asking(kind)
    halves = [asking(kind, rank=rank, world_size=2) for rank in (0, 1)]
    assert whole.dealer.hand(7) == halves[0].dealer.hand(7) + halves[1].dealer.hand(7)


def test_mini_batches_add_up_to_the_batch():
    models = [stirred(small()), stirred(small())]
    for model, accumulate in zip(models, (1, 4), strict=True):
        config = replace(CONFIG, steps=3, batch_size=16 // accumulate, accumulate=accumulate)
        Trainer(model, config, objective=asking()).fit()
    for mine, other in zip(*(model.parameters() for model in models), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-3)


def without_clocks(history):
    return [{k: v for k, v in row.items() if "second" not in k} for row in history]


@pytest.mark.parametrize("kind", KINDS)
def test_stopped_and_continued_equals_uninterrupted(kind, tmp_path):
    def run(folder, seed=0, stop=None):
        trainer = Trainer(small(kind, seed), CONFIG, folder=folder, objective=asking(kind))
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


def test_too_little_gets_a_clear_error():
    with pytest.raises(MinilmError, match="hold some out"):
        asking(valid=[])
    with pytest.raises(MinilmError, match="too few for one batch of 16"):
        asking(train=TRAIN[:15])
