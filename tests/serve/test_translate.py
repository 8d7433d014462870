"""Beam search against trying every text, and greedy search against taking the best each time."""

import itertools

import numpy as np
import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from minilm.serve.translate import translate

END, VOCAB = 3, 4


def toy(seed=0, sharpness=3.0):
    """A model over three letters and an end, with opinions of its own."""
    torch.manual_seed(seed)
    config = EncoderDecoderConfig(VOCAB, context_length=8, n_layers=1, n_heads=2, d_model=16)
    model = EncoderDecoder(config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.3)
        model.embedding.weight.mul_(sharpness)
    return model.eval()


def log_probability(model, source, ids, ended):
    """The log probability of a whole target, read at once."""
    target = [*ids, END] if ended else list(ids)
    with torch.no_grad():
        scores = model(torch.tensor([[*source, END]]), torch.tensor([[END, *target[:-1]]]))[0]
    return scores.log_softmax(-1)[range(len(target)), target].sum().item()


def every_target(model, source, longest):
    """All targets of up to `longest` tokens, the best first: cut off, or ended within."""
    found = [
        (list(ids), log_probability(model, source, ids, True))
        for n in range(longest) for ids in itertools.product(range(3), repeat=n)
    ]  # fmt: skip
    found += [
        (list(ids), log_probability(model, source, ids, False))
        for ids in itertools.product(range(3), repeat=longest)
    ]
    return sorted(found, key=lambda pair: -pair[1])


@pytest.mark.parametrize("seed", range(4))
def test_a_beam_as_wide_as_the_tree_finds_what_trying_everything_finds(seed):
    model, source = toy(seed), [0, 2, 1]
    wanted = every_target(model, source, 4)
    drafts = translate(model, source, end=END, beams=len(wanted), max_new_tokens=4)
    assert len(drafts) == len(wanted) == 1 + 3 + 9 + 27 + 81
    assert [draft.ids for draft in drafts[:10]] == [ids for ids, _ in wanted[:10]]
    for draft, (_, log) in zip(drafts, wanted, strict=True):
        assert draft.log_probability == pytest.approx(log, abs=1e-4)


def test_one_beam_is_greedy():
    for seed in range(5):
        model, source = toy(seed), [1, 1, 0, 2]
        ids = []
        while len(ids) < 6:
            logits = model(torch.tensor([[*source, END]]), torch.tensor([[END, *ids]]))[0, -1]
            if (token := int(logits.argmax())) == END:
                break
            ids.append(token)
        (draft,) = translate(model, source, end=END, max_new_tokens=6)
        assert draft.ids == ids
        log = log_probability(model, source, ids, len(ids) < 6)
        assert draft.log_probability == pytest.approx(log, abs=1e-4)


def test_two_beams_find_what_greed_misses(monkeypatch):
    """After 0, the most probable beginning, nothing is certain; after 1 the end is."""
    table = torch.tensor(
        [[0.25, 0.25, 0.25, 0.25], [0.02, 0.02, 0.01, 0.95], [0.25] * 4, [0.5, 0.4, 0.06, 0.04]]
    )
    model = toy()
    monkeypatch.setattr(
        EncoderDecoder, "decode", lambda self, target, memory, cache: table[target].log()
    )
    (greedy,) = translate(model, [0], end=END, max_new_tokens=2)
    best, second = translate(model, [0], end=END, beams=2, max_new_tokens=2)
    assert greedy.ids[0] == 0
    assert greedy.log_probability == pytest.approx(np.log(0.5 * 0.25), abs=1e-5)
    assert best.ids == [1]
    assert best.log_probability == pytest.approx(np.log(0.4 * 0.95), abs=1e-5)
    assert second.ids[0] == 0


def test_drafts_are_ordered_by_the_score_asked_for():
    model, source = toy(), [0, 2, 1]
    for penalty in (0.0, 1.0):
        drafts = translate(
            model, source, end=END, beams=6, max_new_tokens=4, length_penalty=penalty
        )
        scores = [draft.log_probability / max(1, len(draft.ids)) ** penalty for draft in drafts]
        assert scores == sorted(scores, reverse=True)
        assert len(drafts) == 6
        assert len({tuple(draft.ids) for draft in drafts}) == 6
        assert all(END not in draft.ids for draft in drafts)


def test_no_target_is_longer_than_the_context():
    assert len(translate(toy(), [0], end=END, beams=3, max_new_tokens=100)[0].ids) <= 8
    with pytest.raises(MinilmError, match="at least one beam"):
        translate(toy(), [0], end=END, beams=0)
