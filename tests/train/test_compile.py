"""Compiled or not, a model computes the same; a machine that cannot compile trains all the same."""

import shutil
from dataclasses import replace

import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.storage import load_tensors
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.recipe import load_recipe
from minilm.train.adamw import AdamW
from minilm.train.compile import Compiled, compile_updates
from minilm.train.lion import Lion
from minilm.train.trainer import Trainer

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


RATES = [0.01, 0.02, 0.0, 0.005, 0.001, 0.003]


def after_steps(rates, compiled):
    """Return the weights after a step of AdamW at each rate, and the optimiser."""
    torch.manual_seed(0)
    weights = [torch.randn(shape, requires_grad=True) for shape in ((20, 30), (30,), (7, 5))]
    optimizer = AdamW(weights, weight_decay=0.1)
    if compiled:
        compile_updates([optimizer])
    for rate in rates:
        for weight in weights:
            weight.grad = torch.randn_like(weight)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
    return weights, optimizer


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="no C++ compiler")
def test_a_compiled_step_of_adamw_is_the_plain_one_and_compiled_once():
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    compiled, optimizer = after_steps(RATES, True)
    plain, twin = after_steps(RATES, False)
    for one, other in zip(compiled, plain, strict=True):
        assert torch.allclose(one, other, rtol=1e-6, atol=1e-7)
        for name in ("mean", "square"):
            assert torch.allclose(optimizer.state[one][name], twin.state[other][name], atol=1e-7)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1


def test_a_step_that_cannot_be_compiled_is_taken_plainly(capsys, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("InvalidCxxCompiler: no working C++ compiler")

    monkeypatch.setattr(torch, "compile", lambda update, **_: fail)
    compiled, plain = after_steps(RATES, True)[0], after_steps(RATES, False)[0]
    assert all(one.equal(other) for one, other in zip(compiled, plain, strict=True))
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith("the optimiser's step is not compiled (RuntimeError: Invalid")


def test_other_rules_stay_as_they_are():
    lion = Lion([torch.zeros(2, requires_grad=True)])
    before = lion.update
    compile_updates([lion])
    assert lion.update == before


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="no C++ compiler")
@pytest.mark.filterwarnings("ignore:Torchinductor does not support")
def test_the_gpu_recipe_takes_the_same_road_on_a_cpu(shards, tmp_path, capsys):
    """Its settings with a toy's sizes: bfloat16, compiled, watched; and as it is, beside it."""
    recipe = load_recipe("recipes/gpu.toml")
    assert (recipe.train.precision, recipe.train.compile) == ("bfloat16", True)
    sizes = {"vocab_size": 30, "context_length": 8, "n_layers": 1, "n_heads": 2, "d_model": 16}
    settings = {"steps": 3, "batch_size": 2, "eval_tokens": 50, "device": "cpu"}
    losses = {}
    for compiled in (True, False):
        torch.manual_seed(0)
        model = Transformer(replace(recipe.transformer, **sizes))
        config = replace(recipe.train, **settings, compile=compiled)
        folder = tmp_path / f"{compiled}"
        losses[compiled] = [
            row["train_loss"] for row in Trainer(model, config, *shards, folder).fit()
        ]
        names = load_tensors(folder / "model.safetensors")[0]
        assert not any("_orig_mod" in name for name in names)
        assert load_tensors(folder / "checkpoint.safetensors")[0]["model.norm.weight"] is not None
    assert "not compiled" not in capsys.readouterr().err
    assert losses[True] == pytest.approx(losses[False], abs=0.02)  # bfloat16 has three digits
