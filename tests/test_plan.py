"""The planner against figures published for large runs, and against small ones built here."""

import dataclasses
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minilm import cli
from minilm.errors import MinilmError
from minilm.hardware import GPUS, find_gpu
from minilm.model.counting import activation_bytes, count_params, flops_per_token
from minilm.model.transformer import Transformer
from minilm.plan import STAGES, PlanConfig, best_interval, memory_of, plan, shape_of, wire_bytes
from minilm.plan_text import describe
from minilm.train.adamw import AdamW


def states(params: float, gpus: int, stage: str) -> float:
    """Weights, gradients and optimizer of one device, in GB."""
    memory = memory_of(PlanConfig(params, 1e9, gpus), shape_of(params), stage)
    return (memory.weights + memory.gradients + memory.optimizer) / 1e9


@pytest.mark.parametrize(
    ("stage", "published"),
    [("none", 120), ("optimizer", 31.4), ("gradients", 16.6), ("weights", 1.9)],
)
def test_memory_is_that_of_the_zero_paper(stage: str, published: float) -> None:
    # Rajbhandari et al. 2020, figure 1: 7.5 billion parameters on 64 devices.
    assert states(7.5e9, 64, stage) == pytest.approx(published, rel=0.02)


@pytest.mark.parametrize(
    ("params", "tokens", "context", "published"),
    [
        (175e9, 300e9, 2048, 3.14e23),  # Brown et al. 2020, table D.1
        (540e9, 780e9, 2048, 2.56e24),  # Chowdhery et al. 2022, table 21
        (405e9, 15.6e12, 8192, 3.8e25),  # Llama team 2024, section 3.2
    ],
)
def test_work_is_what_was_published(
    params: float, tokens: float, context: int, published: float
) -> None:
    answer = plan(PlanConfig(params, tokens, 1024, context=context))
    assert answer.flops == pytest.approx(published, rel=0.09)


@pytest.mark.parametrize(
    ("params", "tokens", "gpu", "hours", "utilization"),
    [
        (6.74e9, 2e12, "a100", 184_320, 0.40),  # Touvron et al. 2023b, table 2
        (13.0e9, 2e12, "a100", 368_640, 0.40),
        (69e9, 2e12, "a100", 1_720_320, 0.44),
        (405e9, 15.6e12, "h100", 30.84e6, 0.36),  # Llama 3.1's model card
    ],
)
def test_hours_are_those_that_runs_took_at_a_share_of_the_peak_that_they_report(
    params: float, tokens: float, gpu: str, hours: float, utilization: float
) -> None:
    # One device: what a network of thousands adds is not the question here.
    answer = plan(PlanConfig(params, tokens, 1, gpu, utilization=utilization))
    assert answer.seconds / 3600 == pytest.approx(hours, rel=0.12)


def test_cost_is_that_of_deepseek_v3_at_its_own_price() -> None:
    # DeepSeek-AI 2024, table 1: 2.664 million hours of pretraining at 2 dollars.
    config = PlanConfig(671e9, 14.8e12, 1, active=37e9, utilization=0.35, price=2.0)
    assert plan(config).cost == pytest.approx(5.328e6, rel=0.1)


def test_expected_failures_are_those_of_llama_3() -> None:
    # Llama team 2024, section 3.3.4: 419 unexpected interruptions in 54 days of 16,384 devices.
    answer = plan(PlanConfig(405e9, 15.6e12, 16_384))
    rate = answer.failures / (answer.seconds / 86_400)
    assert rate == pytest.approx(419 / 54, rel=0.05)


@pytest.mark.parametrize(
    ("params", "n_layers", "d_model"),
    [(6.74e9, 32, 4096), (13.0e9, 40, 5120), (405e9, 126, 16_384)],
)
def test_shapes_are_near_those_that_were_built(params: float, n_layers: int, d_model: int) -> None:
    shape = shape_of(params)
    assert shape.d_model == pytest.approx(d_model, rel=0.03)
    assert shape.n_layers == pytest.approx(n_layers, rel=0.05)


@given(st.floats(3e6, 2e12))
def test_shapes_have_about_the_parameters_that_were_asked_for(params: float) -> None:
    count = count_params(shape_of(params)).total
    assert count == pytest.approx(params, rel=0.35 if params < 3e7 else 0.1)


def test_states_are_what_a_small_model_and_our_adamw_really_hold() -> None:
    model = Transformer(shape_of(3e6, vocab_size=500, context=16))
    optimizer = AdamW(model.parameters())
    model(torch.zeros(1, 8, dtype=torch.int64)).sum().backward()
    optimizer.step()
    weights = sum(weight.nbytes for weight in model.parameters())
    gradients = sum(w.grad.nbytes for w in model.parameters() if w.grad is not None)
    moments = sum(
        tensor.nbytes
        for state in optimizer.state.values()
        for tensor in state.values()
        if isinstance(tensor, torch.Tensor)
    )
    # In float32 there is no second copy of the weights, but each is twice as wide: 16 bytes again.
    planned = memory_of(PlanConfig(model.n_params(), 1), model.config, "none")
    assert weights + gradients + moments == planned.total - planned.activations


def test_recomputing_keeps_what_enters_each_layer_and_one_layer() -> None:
    config = PlanConfig(7e9, 1e12, 8)
    shape = shape_of(7e9)
    whole, less = (
        memory_of(dataclasses.replace(config, recompute=again), shape, "none").activations
        for again in (False, True)
    )
    assert whole == activation_bytes(shape, 1, config.context, 2)
    assert whole / 12 < less < whole / 8
    slow, fast = plan(dataclasses.replace(config, recompute=True)), plan(config)
    assert slow.seconds == pytest.approx(fast.seconds * 4 / 3)
    assert slow.flops == fast.flops


def test_a_ring_sends_everything_nearly_twice_and_one_device_nothing() -> None:
    config = PlanConfig(1e9, 1e9, 4, batch_tokens=4 * 4096)
    assert wire_bytes(config, "none") == 2 * (3 / 4) * 2e9
    assert wire_bytes(config, "optimizer") == wire_bytes(config, "none")
    assert wire_bytes(config, "gradients") == wire_bytes(config, "none")  # one sequence each
    assert wire_bytes(config, "weights") == 1.5 * wire_bytes(config, "none")
    longer = dataclasses.replace(config, batch_tokens=8 * 4 * 4096)
    assert wire_bytes(longer, "weights") == 8 * wire_bytes(config, "weights")
    assert wire_bytes(longer, "none") == wire_bytes(config, "none")
    assert all(wire_bytes(dataclasses.replace(config, gpus=1), stage) == 0 for stage in STAGES)


def test_a_slow_wire_is_waited_for() -> None:
    answer = plan(PlanConfig(405e9, 15.6e12, 16_384, context=8192, recompute=True))
    assert answer.stage == "weights"
    assert answer.step_seconds == answer.wire_seconds
    assert "The wire is slower than the work" in describe(answer)


def test_the_first_stage_that_fits_is_taken() -> None:
    plans = [plan(PlanConfig(params, 1e11, 64)) for params in (1e9, 7e9, 13e9)]
    assert [each.stage for each in plans] == ["none", "optimizer", "gradients"]
    assert plan(PlanConfig(70e9, 1e11, 64, recompute=True)).stage == "weights"
    assert plan(PlanConfig(7e9, 1e11, 1)).stage == ""
    assert "Nothing fits: try --recompute" in describe(plan(PlanConfig(7e9, 1e11, 1)))


def test_the_best_interval_costs_least() -> None:
    def lost(interval: float) -> float:  # a share of the time: writing, and half an interval
        return 20 / interval + interval / 2 / 7200

    best = best_interval(20, 7200)
    assert lost(best) < min(lost(best * 0.9), lost(best * 1.1))
    assert math.isclose(lost(best), min(lost(best * (1 + i / 1000)) for i in range(-100, 100)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"params": 0}, "params is 0"),
        ({"tokens": -1}, "tokens is -1"),
        ({"gpus": 0}, "gpus is 0"),
        ({"context": 0}, "context is 0"),
        ({"batch_tokens": 0}, "batch_tokens is 0"),
        ({"vocab_size": 0}, "vocab_size is 0"),
        ({"params": math.nan}, "params is nan"),
        ({"price": -1}, "price is -1"),
        ({"utilization": 0}, "utilization is 0"),
        ({"utilization": 1.5}, "utilization is 1.5"),
        ({"active": 2e9}, "active is 2e"),
        ({"gpu": "abacus"}, "'abacus'.*h100"),
        ({"params": 1e5}, "need no plan"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, float], words: str) -> None:
    with pytest.raises(MinilmError, match=words):
        plan(PlanConfig(**({"params": 1e9, "tokens": 1e10} | changes)))  # type: ignore[arg-type]


def test_devices_are_found_by_any_spelling_and_have_sane_numbers() -> None:
    assert find_gpu("H100") is GPUS["h100"]
    for gpu in GPUS.values():
        assert gpu.network <= gpu.link < gpu.memory * 10
        assert 1e13 < gpu.peak < 1e16


def test_the_command_prints_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plan", "--params", "7e9", "--tokens", "1e12", "--gpus", "64"]) == 0
    out = capsys.readouterr().out
    for words in (
        "7 B parameters, 1 T tokens (142.9 for each parameter), 64 x H100 80 GB",
        "optimizer (ZeRO-1)         14.0       14.0        1.3",
        "nothing cut (DDP)",
        "too much",
        "FLOPs, 250,000 steps of 4 M tokens",
        "dollars at 2.50 a device and hour (stated, not looked up: --price)",
    ):
        assert words in out
    assert cli.main(["plan", "--params", "1e9", "--price", "1"]) == 0
    assert "20 B tokens (20.0 for each parameter), 8 x" in capsys.readouterr().out
    assert cli.main(["plan", "--params", "1e5"]) == 2


def test_attention_is_counted_for_the_context() -> None:
    short, long = (plan(PlanConfig(1e9, 1e10, context=c)).flops for c in (1024, 65_536))
    shape = shape_of(1e9)
    more = flops_per_token(dataclasses.replace(shape, context_length=65_536))
    more -= flops_per_token(dataclasses.replace(shape, context_length=1024))
    assert long - short == pytest.approx(1e10 * more)
