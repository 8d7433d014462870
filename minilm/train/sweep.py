"""A sweep: many short runs with different settings, the hopeless ones cut off early.

Optuna chooses, prunes and remembers (Akiba et al. 2019); this room says what a trial is, and lets a
sweep that is killed go on where it was. A sweep lives in a folder: sweep.sqlite3 holds every trial
and what it reported, best.json the whole recipe of the best one.
"""

import json
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, MedianPruner
from optuna.samplers import BaseSampler, TPESampler
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import DBAPIError

from minilm.errors import MinilmError
from minilm.files import write_json

Settings = dict[str, Any]
Choice = Callable[[Trial, str], Any]
"""Picks a value for a setting by its name: a dimension of the space."""
Report = Callable[[int, float], None]
"""Tells the sweep the score after so many steps; raises `Pruned` when the run is to end."""
Pruned = optuna.TrialPruned

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def between(low: float, high: float) -> Choice:
    """Choose among all numbers from low to high."""
    return lambda trial, name: trial.suggest_float(name, low, high)


def log_between(low: float, high: float) -> Choice:
    """Choose a factor: 1 to 10 is as likely as 10 to 100. For learning rates and their like."""
    return lambda trial, name: trial.suggest_float(name, low, high, log=True)


def whole_between(low: int, high: int) -> Choice:
    """Choose among the whole numbers from low to high, both included."""
    return lambda trial, name: trial.suggest_int(name, low, high)


def one_of(*values: str | int | float | bool) -> Choice:
    """Choose among these."""
    return lambda trial, name: trial.suggest_categorical(name, values)


def sweep(
    run: Callable[[Settings, Report], float],
    space: Mapping[str, Choice],
    folder: Path | str,
    n_trials: int,
    *,
    recipe: Mapping[str, Any] | None = None,
    seed: int = 0,
    sampler: Callable[..., BaseSampler] = TPESampler,
    pruner: BasePruner | None = None,
    heartbeat: int = 5,
) -> list[FrozenTrial]:
    """Try settings of a space until `n_trials` runs have ended or were pruned; return these.

    `run(settings, report)` trains once and returns a score, the lower the better; at each
    evaluation it calls `report(step, score)`, which cuts short what is not worth its time. By
    default the next settings come from a tree of Parzen estimators (Bergstra et al. 2011), and a
    run is pruned when it is worse than the median of earlier ones after as many steps. A run that
    breaks with a MinilmError (a loss that is not a number) counts as pruned. The settings of trial
    k depend on `seed`, k and what earlier trials have found. `recipe` is all else that the runs
    depend on; best.json holds it beside the settings.

    Several processes may sweep in one folder: they share its trials. One that dies is noticed when
    its heart has not beaten for three times `heartbeat` seconds: its trial is marked as failed, and
    the same settings are tried again.

    Raises MinilmError when no run came to its end, or the folder belongs to another recipe.
    """
    folder = Path(folder)
    study = open_study(folder, dict(recipe or {}), pruner, heartbeat)

    def objective(trial: Trial) -> float:
        # A sampler for each trial: one that lived on would, in a sweep that goes on or in a second
        # process, draw the same numbers once more.
        study.sampler = sampler(seed=1000 * seed + trial.number)
        settings = {name: choose(trial, name) for name, choose in space.items()}

        def report(step: int, score: float) -> None:
            trial.report(score, step)
            if trial.should_prune():
                raise Pruned

        try:
            return run(settings, report)
        except MinilmError as error:
            trial.set_user_attr("error", str(error))
            raise Pruned(str(error)) from error

    def after(study: optuna.Study, trial: FrozenTrial) -> None:
        keep_best(study, folder)
        if len(study.get_trials(deepcopy=False, states=FINISHED)) >= n_trials:
            study.stop()

    if len(study.get_trials(deepcopy=False, states=FINISHED)) < n_trials:
        study.optimize(objective, callbacks=[after])
    trials = study.get_trials(states=FINISHED)
    if all(trial.state == TrialState.PRUNED for trial in trials):
        errors = [trial.user_attrs["error"] for trial in trials if "error" in trial.user_attrs]
        raise MinilmError(f"No run of {folder} came to its end. {' '.join(errors[-1:])}".strip())
    return trials


def open_study(
    folder: Path, recipe: Settings, pruner: BasePruner | None = None, heartbeat: int = 5
) -> optuna.Study:
    """Open the folder's trials, or begin; raise MinilmError if they are another recipe's."""
    folder.mkdir(parents=True, exist_ok=True)
    storage = open_storage(folder / "sweep.sqlite3", heartbeat)
    study = optuna.create_study(
        storage=storage,
        study_name="sweep",
        load_if_exists=True,
        pruner=pruner or MedianPruner(n_startup_trials=4),
    )
    recipe = json.loads(json.dumps(recipe))  # as the storage gives it back
    if study.user_attrs.get("recipe", recipe) != recipe:
        raise MinilmError(
            f"The trials in {folder} were run with another recipe, and scores of two recipes are"
            " not to be compared. Choose another folder, or restore the recipe."
        )
    study.set_user_attr("recipe", recipe)
    return study


def open_storage(path: Path, heartbeat: int) -> RDBStorage:
    """Open the database of trials, or make one; raise MinilmError when neither succeeds.

    Two processes that make it at the same time get into each other's way. Who comes second tries
    again, and finds it made.
    """
    problem = ""
    for pause in (0.0, 0.1, 0.3, 1.0, 3.0):
        time.sleep(pause)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)  # heartbeats, since 2021
                return RDBStorage(
                    f"sqlite:///{path}",
                    engine_kwargs={"connect_args": {"timeout": 60}},  # wait so long for others
                    heartbeat_interval=heartbeat,
                    grace_period=3 * heartbeat,
                    heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(),
                )
        except DBAPIError as error:
            problem = str(error.orig)
    raise MinilmError(f"The trials in {path} cannot be opened: {problem}. Delete it to begin anew.")


def keep_best(study: optuna.Study, folder: Path) -> None:
    """Write best.json: the settings of the best run so far, its score, and the recipe around it."""
    if study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        best = study.best_trial
        about = {"score": best.value, "trial": best.number, "settings": best.params}
        write_json(folder / "best.json", about | {"recipe": study.user_attrs["recipe"]})
