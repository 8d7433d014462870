"""The classifier: padding cannot be seen, an epoch holds every text once, and it learns."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.encoder import Encoder
from minilm.model.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from minilm.model.recurrent import LSTM, LSTMConfig
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.tune.classify import (
    Classifier,
    ClassifierConfig,
    fit_classifier,
    pad,
    predict,
    similar_lengths,
)

CONFIG = ClassifierConfig(epochs=2, batch_size=8, max_tokens=20)


def backbone(kind="transformer"):
    torch.manual_seed(0)
    if kind == "lstm":
        return LSTM(LSTMConfig(vocab_size=30, context_length=32, d_model=16))
    config = {"vocab_size": 30, "context_length": 32, "n_layers": 1, "d_model": 16}
    if kind == "encoder-decoder":
        return stirred(EncoderDecoder(EncoderDecoderConfig(**config)))
    if kind == "encoder":
        return stirred(Encoder(TransformerConfig(**config)))
    return Transformer(TransformerConfig(**config))


def stirred(model):
    """The model with branches that do something: those of a new one begin at zero."""
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
    return model


def texts(n, seed=0):
    """Random texts; those of class 1 hold the token 7, the others never do."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, n).tolist()
    sequences = []
    for label in labels:
        ids = generator.integers(8, 30, generator.integers(2, 15))
        if label:
            ids[generator.integers(len(ids))] = 7
        sequences.append(ids.tolist())
    return sequences, labels


def with_a_head(kind, pooling):
    model = Classifier(backbone(kind), n_classes=3, pooling=pooling).eval()
    torch.nn.init.normal_(model.head.weight)
    return model


@pytest.mark.parametrize("pooling", ["mean", "last"])
@pytest.mark.parametrize("kind", ["transformer", "lstm", "encoder", "encoder-decoder"])
def test_neither_padding_nor_neighbours_change_a_text(kind, pooling):
    model = with_a_head(kind, pooling)
    sequences, _ = texts(10)
    together = predict(model, sequences, batch_size=10)
    alone = np.concatenate([predict(model, [ids]) for ids in sequences])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)


def test_pooling_is_what_it_says():
    ids, lengths = pad([[3, 4, 5], [6]])
    assert ids.tolist() == [[3, 4, 5], [6, 0, 0]]
    assert lengths.tolist() == [3, 1]
    mean, last = (with_a_head("transformer", pooling) for pooling in ("mean", "last"))
    states = mean.backbone.hidden(ids)
    torch.testing.assert_close(mean.features(ids, lengths)[0], states[0].mean(dim=0))
    torch.testing.assert_close(last.features(ids, lengths)[0], states[0, 2])
    torch.testing.assert_close(last.features(ids, lengths)[1], states[1, 0])


def test_an_epoch_holds_every_text_once_in_batches_of_similar_length():
    sequences, _ = texts(500)
    batches = list(similar_lengths(sequences, 16, np.random.default_rng(0)))
    assert sorted(i for batch in batches for i in batch) == list(range(500))
    spread = [
        max(len(sequences[i]) for i in b) - min(len(sequences[i]) for i in b) for b in batches
    ]
    assert np.mean(spread) < 3  # texts are 2 to 14 long


def test_it_starts_undecided_learns_and_repeats_itself():
    sequences, labels = texts(600)
    test, wanted = texts(200, seed=1)
    config = replace(CONFIG, epochs=4, learning_rate=0.01, muon_learning_rate=0.02)
    results = []
    for _ in range(2):
        model = Classifier(backbone(), dropout=0.1)
        assert predict(model, test[:3]).tolist() == [[0.5, 0.5]] * 3
        losses = fit_classifier(model, sequences, labels, config)
        results.append(predict(model, test))
    assert len(losses) == 4 * 75
    assert (results[0].argmax(axis=1) == wanted).mean() > 0.9
    np.testing.assert_array_equal(*results)


def test_long_texts_are_cut_and_mistakes_get_clear_errors():
    model = Classifier(backbone())
    assert fit_classifier(model, [[1] * 500] * 4, [0, 1, 0, 1], CONFIG)
    assert predict(model, [[1] * 500], max_tokens=64).shape == (1, 2)  # the context is 32
    assert fit_classifier(model, [[1] * 500] * 4, [0, 1, 0, 1], replace(CONFIG, max_tokens=64))
    with pytest.raises(MinilmError, match="0 texts"):
        fit_classifier(model, [], [], CONFIG)
    with pytest.raises(MinilmError, match="2 texts and 1 labels"):
        fit_classifier(model, [[1], [2]], [0], CONFIG)
    with pytest.raises(MinilmError, match="mean"):
        Classifier(backbone(), pooling="max")
