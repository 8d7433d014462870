"""Weights on disk: what comes back is what went in, or an error that names the file."""

import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.lstm import LSTM, LSTMConfig
from minilm.model.storage import load_model, save_model
from minilm.model.transformer import Transformer, TransformerConfig


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kind", [Transformer, LSTM])
def test_a_model_comes_back_bit_for_bit(tmp_path, kind, tied):
    config_class = {Transformer: TransformerConfig, LSTM: LSTMConfig}[kind]
    model = kind(config_class(vocab_size=30, d_model=16, tie_embeddings=tied))
    save_model(model, tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    assert type(loaded) is kind
    assert loaded.config == model.config
    ids = torch.randint(0, 30, (1, 9))
    assert torch.equal(model.eval()(ids), loaded(ids))
    assert (loaded.head.weight is loaded.embedding.weight) == tied


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
