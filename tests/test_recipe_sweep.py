"""`minilm sweep` searches a recipe's rates on its own data and leaves a recipe to build from."""

import tomllib

import optuna

from minilm import cli
from minilm.recipe import load_recipe


def test_it_leaves_the_best_recipe_and_goes_on(tmp_path, capsys):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for n_trials in (2, 5):
        command = ["sweep", "--recipe", "recipes/smoke.toml", "--out", str(tmp_path)]
        assert cli.main([*command, "--trials", str(n_trials)]) == 0
        assert str(tmp_path / "sweep" / "best.toml") in capsys.readouterr().out
        storage = f"sqlite:///{tmp_path}/sweep/sweep.sqlite3"
        trials = optuna.load_study(study_name="sweep", storage=storage).trials
        assert len(trials) == n_trials
    smoke = load_recipe("recipes/smoke.toml")
    best = load_recipe(tmp_path / "sweep" / "best.toml")
    winner = min((t for t in trials if t.state.name == "COMPLETE"), key=lambda trial: trial.value)
    assert best.train.learning_rate == winner.params["learning_rate"]
    assert best.train.muon_learning_rate == winner.params["muon_learning_rate"]
    assert 1e-2 / 8 <= best.train.learning_rate <= 1e-2 * 8
    assert best.transformer == smoke.transformer
    assert tomllib.loads((tmp_path / "sweep" / "best.toml").read_text())["train"]["steps"] == 12
