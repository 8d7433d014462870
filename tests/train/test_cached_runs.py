"""The cached runs are those of their scripts, whole and plausible, and can be made again."""

import importlib
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from minilm.files import read_json

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def scripts():
    """The two benchmark scripts, as modules."""
    loaded = {}
    sys.path.insert(0, str(ROOT / "benchmarks"))  # transfer_runs imports from scaling_runs
    for name in ("scaling_runs", "transfer_runs"):
        loaded[name] = importlib.import_module(name)
    sys.path.remove(str(ROOT / "benchmarks"))
    return loaded


@pytest.mark.parametrize("name", ["scaling_runs", "transfer_runs"])
def test_the_file_holds_the_scripts_runs_and_no_other(scripts, name):
    script, cached = scripts[name], read_json(ROOT / "data" / f"{name}.json")
    assert cached["recipe"] == script.RECIPE
    made = [{key: row[key] for key in asdict(script.RUNS[0])} for row in cached["runs"]]
    wanted = [asdict(run) for run in script.RUNS]
    assert sorted(made, key=str) == sorted(wanted, key=str)
    assert all(0.5 < row["loss"] < 5.6 for row in cached["runs"])  # ln 256 knows nothing
    assert all(row["code"].startswith("minilm ") for row in cached["runs"])


def test_sizes_are_those_of_the_models(scripts):
    for row in read_json(ROOT / "data" / "scaling_runs.json")["runs"]:
        heads = max(1, row["d_model"] // 16)
        config = scripts["scaling_runs"].TransformerConfig(
            256, 128, n_layers=row["n_layers"], n_heads=heads, d_model=row["d_model"]
        )
        with torch.device("meta"):
            model = scripts["scaling_runs"].Transformer(config)
        assert row["n_params"] == model.n_params()
        assert row["n_non_embedding"] == model.n_params() - 256 * row["d_model"]


def test_the_smallest_run_ends_where_it_ended(scripts):
    script, threads = scripts["scaling_runs"], torch.get_num_threads()
    run = min(script.RUNS, key=lambda run: run.n_layers * run.d_model * run.tokens)
    rows = read_json(script.FILE)["runs"]
    before = next(row for row in rows if asdict(run).items() <= row.items())
    torch.set_num_threads(1)
    try:
        again = script.train(run)
    finally:
        torch.set_num_threads(threads)
    assert again["loss"] == pytest.approx(before["loss"], abs=1e-3)
