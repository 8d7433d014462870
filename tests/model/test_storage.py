"""Weights on disk: what comes back is what went in, or an error that names the file."""

import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.ngram import NGram
from minilm.model.recurrent import LSTM, LSTMConfig
from minilm.model.storage import (
    MODELS,
    load_model,
    model_tensors,
    save_model,
    set_model_tensors,
)

KINDS = [  # every class, and the choices that change which weights there are
    ("Transformer", {"d_model": 16}),
    ("Transformer", {"d_model": 16, "tie_embeddings": False}),
    ("Encoder", {"d_model": 16, "position": "learned"}),
    ("EncoderDecoder", {"d_model": 16, "n_encoder_layers": 2}),
    ("LSTM", {"d_model": 16}),
    ("LSTM", {"d_model": 16, "tie_embeddings": False}),
    ("Recurrent", {"d_model": 16, "cell": "rnn"}),
    ("Recurrent", {"d_model": 16, "cell": "gru", "tie_embeddings": False}),
    ("MLP", {"d_token": 8, "d_model": 16}),
    ("Bigram", {}),
    ("Bigram", {"rank": 8}),
]


@pytest.mark.parametrize(("kind", "sizes"), KINDS)
def test_a_model_comes_back_bit_for_bit(tmp_path, kind, sizes):
    make, make_config = MODELS[kind]
    model = make(make_config(vocab_size=30, **sizes))
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight))
    save_model(model, tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    assert type(loaded) is type(model) is make
    assert loaded.config == model.config
    texts = torch.randint(0, 30, (2, 1, 9))[: 2 if kind == "EncoderDecoder" else 1]
    assert torch.equal(model.eval()(*texts), loaded(*texts))
    assert loaded.n_params() == model.n_params()
    if getattr(model.config, "tie_embeddings", False):
        assert loaded.head.weight is loaded.embedding.weight


def test_counts_come_back_and_go_on_predicting(tmp_path):
    ids = torch.randint(0, 8, (200,), generator=torch.Generator().manual_seed(0)) ** 2 % 8
    ids[-1] = 8  # ends the text and is new: a context that nothing follows
    model = NGram(3, 9).fit(ids.numpy())
    save_model(model, tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    assert loaded.n_params() == model.n_params()
    assert torch.equal(loaded(ids[None]), model(ids[None]))
    with pytest.raises(MinilmError, match="order 2"):
        set_model_tensors(NGram(2, 9), model_tensors(model))


def test_a_shared_matrix_is_written_once():
    make, make_config = MODELS["Transformer"]
    tied = model_tensors(make(make_config(vocab_size=30, d_model=16)))
    untied = model_tensors(make(make_config(vocab_size=30, d_model=16, tie_embeddings=False)))
    assert set(untied) - set(tied) == {"head.weight"}


def test_damage_is_named_not_loaded(tmp_path):
    path = tmp_path / "model.safetensors"
    with pytest.raises(MinilmError, match="is missing"):
        load_model(path)
    save_model(LSTM(LSTMConfig(vocab_size=30, d_model=16)), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(MinilmError, match=r"model\.safetensors is damaged"):
        load_model(path)
    path.write_bytes(whole[:-100] + bytes([whole[-100] ^ 1]) + whole[-99:])
    with pytest.raises(MinilmError, match="checksum differs"):
        load_model(path)
