"""Compiled or not, a model computes the same; a machine that cannot compile trains all the same."""

import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.train.compile import Compiled

IDS = torch.arange(16).view(2, 8) % 11


def small():
    torch.manual_seed(0)
    return Transformer(
        TransformerConfig(vocab_size=11, context_length=8, n_layers=1, n_heads=2, d_model=16)
    )


class Uncompilable(torch.nn.Module):
    def forward(self, *inputs, **named):
        raise RuntimeError("InvalidCxxCompiler: no working C++ compiler\nand a long story")


def test_a_machine_without_a_compiler_says_so_once(capsys, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda model, **_: Uncompilable())
    model = small()
    compiled = Compiled(model)
    assert compiled(IDS).equal(model(IDS))
    assert compiled(IDS).equal(model(IDS))
    said = capsys.readouterr().err
    assert said == ("not compiled (RuntimeError: InvalidCxxCompiler: no working C++ compiler)\n")


def test_a_fault_of_the_model_is_not_hidden(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda model, **_: Uncompilable())
    with pytest.raises(MinilmError, match="context is 8"):
        Compiled(small())(torch.zeros(1, 9, dtype=torch.int64))
