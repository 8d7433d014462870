"""The seven stages of the road, each with its part of the recipe, in the floors' order."""

import dataclasses
import importlib.metadata
import re
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from minilm.build import Folders, Stage
from minilm.collect.budgets import CrawlConfig
from minilm.collect.documents import Document, read_collection
from minilm.collect.files import matching_files
from minilm.collect.licences import LEFT_OUT, LeftOut, keep_licensed
from minilm.collect.representativeness import CENSUS, write_counted
from minilm.collect.sources import open_source
from minilm.files import read_json, sha256_of, write_json
from minilm.measure import measure_language, surprise
from minilm.model.recurrent import LSTM, LSTMConfig
from minilm.model.storage import Model, load_model
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.prepare.clean import CARD, PrepareConfig, prepare
from minilm.prepare.datasheet import DATASHEET, write_datasheet
from minilm.prepare.shards import TokenShards
from minilm.prepare.tokenizer import Tokenizer
from minilm.recipe import CollectConfig, EvaluateConfig, Iteration, Recipe, Samples
from minilm.removed import Removed
from minilm.sentiment import measure_sentiment, tune_classifiers
from minilm.serve.run import complete
from minilm.train.trainer import Trainer, TrainerConfig

NetworkConfig = TransformerConfig | LSTMConfig


def collect(
    settings: tuple[CollectConfig, CrawlConfig, Any], folder: Path, folders: Folders
) -> None:
    """Gather the documents of all sources, but those that were removed, into one collection."""
    config, limits, _ = settings
    documents: Iterator[Document] = chain.from_iterable(
        islice(open_source(name, crawl_folder(folder, name), limits), 0, None, config.every)
        for name in config.sources
    )
    left_out = LeftOut()
    if config.allow_licences:
        documents = keep_licensed(documents, config.allow_licences, left_out)
    documents = Removed.read(folder.parent).without(documents)
    write_counted(tqdm(documents, unit="document", desc="collect"), folder)
    left_out.save(folder)


def crawl_folder(folder: Path, source: str) -> Path:
    """Where a crawled source keeps its pages: a name that any file system takes."""
    return folder / "crawl" / re.sub(r"[^\w.-]+", "-", source.partition(":")[2]).strip("-")


def state_of_sources(recipe: Recipe) -> dict[str, Any]:
    """What the sources hold now: a changed text or package is another collection."""
    state: dict[str, Any] = {}
    for name in recipe.collect.sources:
        kind, _, rest = name.partition(":")
        if kind == "files":
            paths = (path for path in matching_files(rest) if path.is_file())
            state[name] = {str(path): sha256_of(path) for path in paths}
        elif not rest:
            try:
                state[name] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                state[name] = None  # the source itself says what to install
    return state


def prepare_(config: PrepareConfig, folder: Path, folders: Folders) -> None:
    """Clean, split and tokenize the collection; the card gets to know what collecting counted."""
    collected = folders["collect"]
    card = prepare(read_collection(collected), config, folder)
    card["left_out"] = [{**row, "ids": row["ids"][:3]} for row in read_json(collected / LEFT_OUT)]
    card["census"] = read_json(collected / CENSUS)
    card["removed"] = Removed.read(folder.parent).by_date()
    write_json(folder / CARD, card)
    write_datasheet(card, folder / DATASHEET)


def train(
    settings: tuple[NetworkConfig, TrainerConfig, Samples], folder: Path, folders: Folders
) -> None:
    """Train one network and write its weights and history.json."""
    network, config, samples = settings
    tokenizer = Tokenizer.load(folders["prepare"] / "tokenizer.json")
    # A small corpus may hold fewer pairs to merge than the recipe asks for.
    network = dataclasses.replace(network, vocab_size=tokenizer.vocab_size)
    torch.manual_seed(config.seed)
    model: Model = LSTM(network) if isinstance(network, LSTMConfig) else Transformer(network)
    train_shards, valid = (TokenShards.open(folders["prepare"] / s) for s in ("train", "valid"))
    trainer = Trainer(model, config, train_shards, valid, folder, sampler(tokenizer, samples))
    history = trainer.fit()
    if trainer.world.rank == 0:
        write_json(folder / "history.json", history)


def sampler(tokenizer: Tokenizer, samples: Samples) -> Callable[[Model], str]:
    """Return what a model in training is asked to do: continue the first prompt, always alike."""

    def sample(model: Model) -> str:
        return samples.prompts[0] + continue_text(model, tokenizer, samples.prompts[0], samples)

    return sample


def continue_text(model: Model, tokenizer: Tokenizer, prompt: str, samples: Samples) -> str:
    """Return what the model adds to the prompt."""
    pieces = complete(
        model,
        tokenizer,
        prompt,
        max_new_tokens=samples.max_new_tokens,
        temperature=samples.temperature,
        top_p=samples.top_p,
        seed=0,
    )
    return "".join(pieces)


def tune(iterations: tuple[Iteration, ...], folder: Path, folders: Folders) -> None:
    """Fine-tune the transformer for sentiment, and its untrained twin beside it."""
    tune_classifiers(iterations, folder, folders)


def evaluate(settings: tuple[EvaluateConfig, Samples], folder: Path, folders: Folders) -> None:
    """Measure everything on the test split; let the transformer write."""
    config, samples = settings
    tokenizer = Tokenizer.load(folders["prepare"] / "tokenizer.json")
    model = load_model(folders["train/transformer"] / "model.safetensors")
    written = [
        {"prompt": prompt, "text": continue_text(model, tokenizer, prompt, samples)}
        for prompt in samples.prompts
    ]
    write_json(
        folder / "samples.json", {"sampling": dataclasses.asdict(samples), "samples": written}
    )
    write_json(folder / "tokens.json", surprise(model, tokenizer, folders["prepare"] / "test"))
    write_json(folder / "language.json", measure_language(config, folders))
    write_json(folder / "sentiment.json", measure_sentiment(config, folders))


def report(tables: dict[str, Any], folder: Path, folders: Folders) -> None:
    """Put it all on one page."""
    from minilm.report import write_report  # matplotlib, which no other stage needs

    write_report(tables, folder.parent)


STAGES = (
    Stage(
        name="collect",
        what="gather documents with their origin and licence",
        body=collect,
        settings=lambda recipe: (recipe.collect, recipe.crawl, state_of_sources(recipe)),
    ),
    Stage(
        name="prepare",
        what="clean, deduplicate and split; learn a vocabulary; write token shards",
        body=prepare_,
        settings=lambda recipe: recipe.prepare,
        needs=("collect",),
    ),
    Stage(
        name="train/transformer",
        what="learn to predict the next token, looking back with attention",
        body=train,
        settings=lambda recipe: (recipe.transformer, recipe.train, recipe.samples),
        needs=("prepare",),
        reads=("train", "valid"),
    ),
    Stage(
        name="train/lstm",
        what="learn the same from the same text, one step after the other",
        body=train,
        settings=lambda recipe: (recipe.lstm, recipe.train, recipe.samples),
        needs=("prepare",),
        reads=("train", "valid"),
    ),
    Stage(
        name="tune",
        what="teach the transformer to tell good reviews from bad ones",
        body=tune,
        settings=lambda recipe: recipe.tune,
        needs=("prepare", "train/transformer"),
        reads=("train", "valid"),
    ),
    Stage(
        name="evaluate",
        what="measure everything on text that no model has seen",
        body=evaluate,
        settings=lambda recipe: (recipe.evaluate, recipe.samples),
        needs=("prepare", "train/transformer", "train/lstm", "tune"),
        reads=("train", "valid", "test"),
    ),
    Stage(
        name="report",
        what="put data, curves, samples and scores on one page",
        body=report,
        settings=lambda recipe: recipe.tables,
        needs=("collect", "prepare", "train/transformer", "train/lstm", "tune", "evaluate"),
        reads=("collect", "train", "valid", "test"),
    ),
)
