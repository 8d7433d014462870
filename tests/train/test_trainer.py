"""The loop learns, says so, and does not learn from what would spoil it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.recurrent import LSTM, LSTMConfig
from minilm.model.storage import load_model, load_tensors
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.prepare.shards import TokenShards, write_shards
from minilm.train.trainer import Trainer, TrainerConfig

CONFIG = TrainerConfig(
    steps=12, batch_size=4, warmup=0.2, decay=0.5, eval_every=5, eval_tokens=200, sample_every=6,
    checkpoint_every=3, device="cpu",
)  # fmt: skip
CLOCKS = ("seconds", "tokens_per_second")


def small(kind="transformer", seed=0):
    torch.manual_seed(seed)
    if kind == "lstm":
        return LSTM(LSTMConfig(vocab_size=30, context_length=16, d_model=16))
    return Transformer(
        TransformerConfig(vocab_size=30, context_length=16, n_layers=2, n_heads=2, d_model=16)
    )


def score(trainer):
    return trainer.objective.evaluate(trainer.model)["valid_bits_per_byte"]


def without_clocks(history):
    return [{key: row[key] for key in row if key not in CLOCKS} for row in history]


@pytest.mark.parametrize("kind", ["transformer", "lstm"])
@pytest.mark.parametrize("muon", [0.02, 0.0])
def test_it_learns_and_says_so(shards, kind, muon):
    config = replace(CONFIG, steps=60, learning_rate=0.02, muon_learning_rate=muon)
    history = Trainer(small(kind), config, *shards).fit()
    assert [row["step"] for row in history] == list(range(1, 61))
    assert history[-1]["train_loss"] < 0.5 * history[0]["train_loss"]
    evaluations = [row["valid_bits_per_byte"] for row in history if "valid_bits_per_byte" in row]
    assert len(evaluations) == 12
    assert evaluations[-1] < evaluations[0]
    assert history[-1]["tokens"] == 60 * 4 * 16


def test_validation_is_in_bits_per_byte(shards):
    trainer = Trainer(small(), CONFIG, *shards)
    with torch.no_grad():
        for weight in trainer.model.parameters():
            weight.zero_()  # every token equally likely: log2(30) bits, 2 bytes each
    assert score(trainer) == pytest.approx(np.log2(30) / 2, abs=1e-5)


def test_accumulated_mini_batches_equal_one_batch(shards):
    whole = Trainer(small(), replace(CONFIG, batch_size=8), *shards)
    parts = Trainer(small(), replace(CONFIG, batch_size=2, accumulate=4), *shards)
    losses = [[row["train_loss"] for row in trainer.fit()] for trainer in (whole, parts)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    for mine, other in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-3)


@pytest.fixture
def documents(tmp_path):
    """Documents of many lengths; each token tells the next one, and nothing crosses a border."""
    generator = np.random.default_rng(0)
    for part, n in (("train", 300), ("valid", 40)):
        sizes = generator.integers(1, 25, n)
        pieces = [(np.arange(size) * 7 + generator.integers(30)) % 30 for size in sizes]
        write_shards(pieces, tmp_path / part, vocab_size=30, token_lengths=[2] * 30)
    return TokenShards.open(tmp_path / "train"), TokenShards.open(tmp_path / "valid")


PACKINGS = ("joined", "padded", "best-fit", "short-first")


@pytest.mark.parametrize("kind", ["transformer", "lstm"])
@pytest.mark.parametrize("packing", PACKINGS)
def test_a_recipe_may_pack(documents, kind, packing):
    config = replace(CONFIG, steps=25, learning_rate=0.02, packing=packing)
    trainer = Trainer(small(kind), config, *documents)
    history = trainer.fit()
    assert history[-1]["valid_bits_per_byte"] < history[4]["valid_bits_per_byte"]
    asked = [(trainer.objective.batches.batch(step)[1] != -100).sum().item() for step in range(25)]
    assert [row["tokens"] for row in history] == np.cumsum(asked).tolist()
    assert (min(asked) < 4 * 16) == (packing in ("padded", "short-first"))
    assert trainer.objective.batches.curriculum == (25 * 4 if packing == "short-first" else 0)


@pytest.mark.parametrize("packing", PACKINGS)
def test_the_loss_is_that_of_each_document_alone(documents, packing):
    """The mean over the real targets, each read in its own piece, however it is accumulated."""
    config = replace(CONFIG, packing=packing, batch_size=8)
    whole, parts = (
        Trainer(stirred(small()), settings, *documents)
        for settings in (config, replace(config, batch_size=2, accumulate=4))
    )
    batch = whole.objective.batches.batch(3)
    losses = [trainer.add_gradients(*batch)[0] for trainer in (whole, parts)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)
    for mine, other in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad, atol=1e-5, rtol=1e-4)

    total = 0.0
    for row, wanted, numbers in zip(*batch, strict=True):
        for number in range(numbers.max() + 1):
            here = numbers == number
            logits = whole.model(row[None, here])[0]
            loss = torch.nn.functional.cross_entropy(logits, wanted[here], reduction="sum")
            total += loss.item()
    assert losses[0] == pytest.approx(total / (batch[1] != -100).sum().item(), abs=1e-5)


def stirred(model):
    """The model with branches that do something: those of a new one begin at zero."""
    torch.manual_seed(3)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
    return model


@pytest.mark.parametrize("limit", [10**6, 97])
def test_documents_are_evaluated_one_by_one(documents, limit):
    config = replace(CONFIG, packing="best-fit", eval_tokens=limit)
    trainer = Trainer(stirred(small()), config, *documents)
    valid = trainer.objective.valid
    row = valid.read(0, len(valid))
    ids = torch.from_numpy(np.concatenate([row[-1:], row]))  # each token after the one before it
    total = 0.0
    for start, n in zip(valid.documents[1].tolist(), valid.document_lengths.tolist(), strict=True):
        n = min(n, max(limit - start, 0))  # the last document may be read in part
        # windows of 16 that move on by 8, each token judged by the first that holds it
        for begin in range(0, max(n - 16, 0) + 8, 8) if n > 16 else [0]:
            end = min(begin + 16, n)
            asked = 0 if begin == 0 else begin + 8
            if asked < end:
                logits = trainer.model(ids[None, start + begin : start + end])[0]
                losses = torch.nn.functional.cross_entropy(
                    logits, ids[start + begin + 1 : start + end + 1], reduction="none"
                )
                total += losses[asked - begin :].sum().item()
    n_bytes = 2 * min(limit, len(row))
    assert score(trainer) == pytest.approx(total / np.log(2) / n_bytes, abs=1e-5)


def test_packings_need_shards_that_know_their_documents(documents):
    with pytest.raises(MinilmError, match="packing is 'tight'"):
        Trainer(small(), replace(CONFIG, packing="tight"), *documents)


def test_stopped_between_steps_and_continued_equals_uninterrupted(shards, tmp_path):
    class StopError(Exception):
        pass

    class Stopping(Trainer):
        def train_step(self, step):
            if step == 8:  # two steps after the last checkpoint: they are done again
                raise StopError
            return super().train_step(step)

    straight = Trainer(small(), CONFIG, *shards, folder=tmp_path / "a", sample=lambda m: "s")
    history = straight.fit()
    with pytest.raises(StopError):
        Stopping(small(), CONFIG, *shards, folder=tmp_path / "b", sample=lambda m: "s").fit()
    resumed = Trainer(small(seed=9), CONFIG, *shards, folder=tmp_path / "b", sample=lambda m: "s")
    assert without_clocks(resumed.fit()) == without_clocks(history)
    for name in ("checkpoint", "model"):
        mine, other = (load_tensors(tmp_path / run / f"{name}.safetensors")[0] for run in "ab")
        assert mine.keys() == other.keys()
        assert all(mine[key].equal(other[key]) for key in mine), "not bit for bit"
    assert load_model(tmp_path / "b" / "model.safetensors").config == straight.model.config


def test_a_loss_that_is_not_a_number_stops_the_run(shards):
    trainer = Trainer(small(), CONFIG, *shards)
    with torch.no_grad():
        trainer.model.norm.weight.fill_(float("nan"))
    with pytest.raises(MinilmError, match="not a number at step 1"):
        trainer.fit()


def planted(trainer, step, harm):
    """Let the batch of a step do harm, wherever in the run it is read."""
    loss, batch = trainer.objective.loss, trainer.objective.batch

    def read(number):
        trainer.reading = number
        return batch(number)

    def harmed(model, *part):
        value = loss(model, *part)
        return value * harm if trainer.reading == step else value

    trainer.objective.batch, trainer.objective.loss = read, harmed
    return trainer


ROLLING = replace(CONFIG, steps=40, on_bad_step="roll_back", checkpoint_every=4)


def test_a_bad_step_is_rolled_back_and_its_data_left_out(shards, tmp_path, capsys):
    trainer = planted(Trainer(small(), ROLLING, *shards, folder=tmp_path / "a"), 9, float("nan"))
    history = trainer.fit()
    said = capsys.readouterr().err
    assert (
        "not a number at step 10: the loss is the first that is not finite. It read batch 9 (t"
        in said
    )
    assert "Back to step 8, and on with batch 10." in said
    assert [row["step"] for row in history] == list(range(1, 41))
    assert [row.get("batch") for row in history] == [None] * 8 + list(range(10, 42))
    # the very same as a run that was told to leave out batches 8 and 9
    told = Trainer(small(), ROLLING, *shards, folder=tmp_path / "b")
    batch = told.objective.batch
    told.objective.batch = lambda step: batch(step + 2 * (step >= 8))
    losses = [[row["train_loss"] for row in rows] for rows in (history, told.fit())]
    assert losses[0] == losses[1]
    with open(tmp_path / "a" / "log.csv") as file:
        assert len(file.readlines()) == 41


@pytest.mark.parametrize("stop", [8, 9, 12, 20])
def test_a_rolled_back_run_resumes_bit_for_bit(shards, tmp_path, stop):
    class StopError(Exception):
        pass

    def run(name, seed=0):
        return planted(
            Trainer(small(seed=seed), ROLLING, *shards, folder=tmp_path / name), 9, float("inf")
        )

    straight, stopped = run("straight"), run("stopped")
    train_step = stopped.train_step

    def stopping(step):
        if step == stop and stopped.shift:
            raise StopError
        return train_step(step)

    stopped.train_step = stopping
    with pytest.raises(StopError):
        stopped.fit()
    resumed = run("stopped", seed=4)
    assert without_clocks(straight.fit()) == without_clocks(resumed.fit())
    for one, other in zip(straight.model.parameters(), resumed.model.parameters(), strict=True):
        assert one.equal(other)


def test_a_bad_step_before_any_checkpoint_goes_back_to_the_start(shards, tmp_path):
    trainer = planted(Trainer(small(), ROLLING, *shards, folder=tmp_path), 1, float("nan"))
    assert trainer.fit()[0]["batch"] == 2


def test_a_jump_is_rolled_back_by_choice(shards, tmp_path, capsys):
    config = replace(ROLLING, steps=60, learning_rate=0.02)
    stays = planted(Trainer(small(), replace(config, on_bad_step="stop"), *shards), 45, 1000.0)
    row = stays.fit()[45]
    assert row["train_loss"] > 5
    said = capsys.readouterr().err
    assert "The loss jumped from" in said
    assert "at step 46: the longest gradient is that of" in said
    goes = planted(Trainer(small(), config, *shards, folder=tmp_path), 45, 1000.0)
    assert max(row["train_loss"] for row in goes.fit()[30:]) < 1


def test_harm_that_does_not_end_ends_the_run(shards, tmp_path):
    trainer = Trainer(small(), ROLLING, *shards, folder=tmp_path)
    loss = trainer.objective.loss
    trainer.objective.loss = lambda model, *part: (
        loss(model, *part) * (float("nan") if len(trainer.history) == 9 else 1)
    )
    with pytest.raises(MinilmError, match="Rolling back 3 times did not help"):
        trainer.fit()


def test_rolling_back_needs_somewhere_to_go(shards):
    with pytest.raises(MinilmError, match="needs a folder"):
        Trainer(small(), ROLLING, *shards)
    with pytest.raises(MinilmError, match="on_bad_step is 'ignore'"):
        Trainer(small(), replace(CONFIG, on_bad_step="ignore"), *shards)


def test_what_a_model_adds_to_the_loss_moves_weights_and_is_not_reported(shards):
    plain, balanced = small(), small()
    balanced.extra_loss = lambda: balanced.embedding.weight.square().sum()
    rows = [Trainer(model, CONFIG, *shards).fit() for model in (plain, balanced)]
    assert rows[0][0]["train_loss"] == rows[1][0]["train_loss"]
    assert rows[1][0]["grad_norm"] > rows[0][0]["grad_norm"]
    assert balanced.embedding.weight.norm() < plain.embedding.weight.norm()


def test_an_evaluation_may_be_listened_to(shards):
    heard = []
    trainer = Trainer(small(), CONFIG, *shards, on_evaluation=lambda *told: heard.append(told))
    history = trainer.fit()
    assert [step for step, _ in heard] == [5, 10, 12]
    assert heard[-1][1] == {"valid_bits_per_byte": history[-1]["valid_bits_per_byte"]}


def test_shards_or_an_objective_are_needed(shards):
    with pytest.raises(MinilmError, match="takes shards"):
        Trainer(small(), CONFIG)
    objective = Trainer(small(), CONFIG, *shards).objective
    assert len(Trainer(small(), CONFIG, objective=objective).fit()) == 12
