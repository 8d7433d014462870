"""Recipes: what is written is what is built, and what is wrong is named."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from minilm.errors import MinilmError
from minilm.recipe import PACKAGE, load_recipe, read_table, recipe_from_tables, to_toml


@dataclass(frozen=True)
class Oven:
    heat: float = 220.0
    minutes: int = 30
    mode: Literal["fan", "grill"] = "fan"
    racks: tuple[int, ...] = (1,)
    name: str | None = None
    door: bool = True


def test_values_become_what_the_dataclass_declares() -> None:
    table = {"heat": 180, "racks": [1, 3], "mode": "grill", "name": "old", "door": False}
    assert read_table(Oven, "oven", table) == Oven(180.0, 30, "grill", (1, 3), "old", False)


def test_an_unknown_key_is_named_with_the_known_ones() -> None:
    with pytest.raises(MinilmError, match=r"'heet' in \[oven\].*heat, minutes, mode"):
        read_table(Oven, "oven", {"heet": 1})


def test_a_given_field_cannot_be_set() -> None:
    with pytest.raises(MinilmError, match="'heat'"):
        read_table(Oven, "oven", {"heat": 200}, heat=1.0)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("heat", "hot"),
        ("heat", True),
        ("minutes", 1.5),
        ("minutes", True),
        ("mode", "steam"),
        ("racks", 1),
        ("racks", ["top"]),
        ("name", 3),
        ("door", 1),
    ],
)
def test_a_value_of_the_wrong_type_is_named(key: str, value: Any) -> None:
    with pytest.raises(MinilmError, match=rf"\[oven\] {key} = .* does not fit"):
        read_table(Oven, "oven", {key: value})


def test_the_recipes_of_the_package_are_valid() -> None:
    for path in (PACKAGE / "recipes").glob("*.toml"):
        recipe = load_recipe(f"recipes/{path.name}")
        assert recipe.name == path.stem
        assert recipe.transformer.vocab_size == recipe.prepare.vocab_size


def test_the_default_networks_are_of_equal_size() -> None:
    from minilm import LSTM, Transformer

    recipe = load_recipe()
    transformer, lstm = Transformer(recipe.transformer).n_params(), LSTM(recipe.lstm).n_params()
    assert abs(transformer - lstm) < 0.03 * transformer


def test_your_own_file_comes_before_that_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "laptop.toml").write_text("[train]\nsteps = 7")
    monkeypatch.chdir(tmp_path)
    assert load_recipe("recipes/laptop.toml").train.steps == 7


def test_sources_stand_in_for_the_recipes_own() -> None:
    recipe = load_recipe(sources=("files:a.txt", "sotu"))
    assert recipe.collect.sources == ("files:a.txt", "sotu")
    assert recipe.tables["collect"]["sources"] == ["files:a.txt", "sotu"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[trian]\nsteps = 3", r"'trian' in the recipe.*prepare.*train"),
        ("[train]\nstep = 3", r"'step' in \[train\].*steps, batch_size"),
        ("[[tune.iterations]]\npoling = 'mean'", r"'poling' in \[tune\].*pooling"),
        ("[transformer]\nvocab_size = 3", r"'vocab_size' in \[transformer\]"),
        ("train = 3", r"train should be a table"),
        ("[train\n", "not valid TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(MinilmError, match=message):
        load_recipe(tmp_path / "mine.toml")


def test_a_missing_recipe_names_those_there_are() -> None:
    with pytest.raises(MinilmError, match=r"no recipe nowhere.toml.*recipes/laptop.toml"):
        load_recipe("nowhere.toml")


def test_a_recipe_survives_being_written() -> None:
    recipe = load_recipe("recipes/smoke.toml")
    tables = tomllib.loads(to_toml(recipe.tables))
    assert tables == recipe.tables
    assert recipe_from_tables("smoke", tables) == recipe
