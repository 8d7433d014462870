"""The whole road on a small sample: built, rebuilt, changed, killed, damaged."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from minilm import cli
from minilm.collect.files import READERS
from minilm.collect.loopback import serve
from minilm.model.storage import load_tensors
from minilm.prepare.shards import TokenShards
from minilm.recipe import load_recipe
from minilm.stages import state_of_sources

TINY = """
[collect]
sources = ["files:{texts}/*.txt"]

[prepare]
vocab_size = 280
valid = 0.2
test = 0.2

[transformer]
context_length = 16
n_layers = 1
n_heads = 2
d_model = 16

[lstm]
context_length = 16
n_layers = 1
d_model = 16

[train]
steps = {steps}
batch_size = 2
eval_every = {steps}
eval_tokens = 100
sample_every = {steps}
checkpoint_every = 2
device = "cpu"

[samples]
prompts = ["A"]
max_new_tokens = 5

[evaluate]
ngram_orders = [2]
n_resamples = 20
"""


def run(*arguments: str | Path) -> int:
    return cli.main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty short texts that differ, without labels."""
    folder = tmp_path_factory.mktemp("texts")
    words = [
        "river",
        "stone",
        "window",
        "garden",
        "letter",
        "winter",
        "engine",
        "shadow",
        "market",
        "silver",
    ]
    for i in range(40):
        chosen = [words[(i * k + k * k) % len(words)] + str(i * k % 7) for k in range(1, 60)]
        (folder / f"{i:02}.txt").write_text(f"Text number {i} speaks of " + " ".join(chosen) + ".")
    return folder


@pytest.fixture
def tiny(tmp_path: Path, texts: Path) -> Path:
    """A recipe of seconds."""
    return write_recipe(tmp_path / "tiny.toml", texts, steps=6)


def write_recipe(path: Path, texts: Path, steps: int) -> Path:
    path.write_text(TINY.format(texts=texts.as_posix(), steps=steps))
    return path


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smoke recipe, built once: real speeches and reviews, all stages."""
    out = tmp_path_factory.mktemp("runs") / "smoke"
    assert run("build", "--recipe", "recipes/smoke.toml", "--out", out) == 0
    return out


def test_the_road_leaves_what_it_promises(smoke: Path) -> None:
    scores = json.loads((smoke / "evaluate/language.json").read_text())
    names = {row["name"] for row in scores["rows"]}
    assert {"Transformer", "LSTM", "gzip", "xz", "3-gram, Kneser-Ney"} <= names
    assert all(0 < row["bits_per_byte"] < 10 for row in scores["rows"])
    sentiment = json.loads((smoke / "evaluate/sentiment.json").read_text())
    assert [row["name"] for row in sentiment["rows"]][-1] == "Read first"
    assert sum(map(sum, sentiment["confusion"])) == sentiment["n_test"]
    log = json.loads((smoke / "tune/iterations.json").read_text())
    kept = max(log, key=lambda row: (row["accuracy"], -row["valid_loss"]))
    assert [row["kept"] for row in log].count(True) == 1
    assert kept["kept"]
    page = (smoke / "report/report.html").read_text()
    assert not re.search(r"""(src|href)=["']?(https?:)?//|@import|url\((?!#)""", page)


def test_a_second_build_is_skipped_and_tells_the_scores(
    smoke: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("build", "--recipe", "recipes/smoke.toml", "--out", smoke) == 0
    out = capsys.readouterr().out
    assert out.count("unchanged, kept") == 7
    assert "bits per byte" in out
    assert str(smoke / "report/report.html") in out


def test_one_changed_value_reruns_what_depends_on_it(
    smoke: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = (smoke / "recipe.toml").read_text()
    assert "n_mistakes = 5" in recipe
    changed = tmp_path / "changed.toml"
    changed.write_text(recipe.replace("n_mistakes = 5", "n_mistakes = 4"))
    assert run("build", "--recipe", changed, "--out", smoke) == 0
    out = capsys.readouterr().out
    assert re.findall(r"\] (\S+): (?!unchanged)", out) == ["evaluate", "report"]


def test_generate_streams_a_continuation(smoke: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--run", smoke, "--max-new-tokens", 9, "--seed", 1, "--temperature", 1)
    texts = []
    for _ in range(2):
        assert run("generate", "Fellow", *options) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert texts[0].startswith("Fellow")
    assert len(texts[0]) > len("Fellow\n")


def test_chat_continues_until_an_empty_line(
    smoke: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter(["The film", "word " * 999, ""])
    monkeypatch.setattr("builtins.input", lambda _: next(said))
    assert run("chat", "--run", smoke, "--max-new-tokens", 5) == 0
    out = capsys.readouterr().out
    assert "continues text" in out
    assert "prompt has" in out


def test_texts_without_labels_take_the_road_too(
    tiny: Path, texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "own"
    assert run("build", "--recipe", tiny, "--out", out) == 0
    assert "no labeled reviews" in capsys.readouterr().out
    assert "nothing was fine-tuned" in (out / "report/report.html").read_text()
    before = (texts / "00.txt").read_text()
    try:
        (texts / "00.txt").write_text("Another text, longer than before, and with other words.")
        assert run("collect", "--recipe", tiny, "--out", out) == 0
        assert "collect: gather" in capsys.readouterr().out
    finally:
        (texts / "00.txt").write_text(before)


def test_killed_in_training_it_continues_to_the_same_weights(texts: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "longer.toml", texts, steps=120)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    command = [sys.executable, "-m", "minilm", "train", "--recipe", str(recipe)]
    checkpoint = killed / "train/transformer/checkpoint.safetensors"
    with subprocess.Popen(
        [*command, "--out", str(killed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        wait_for(checkpoint, process)
        process.send_signal(signal.SIGKILL)
    weights = Path("train/transformer/model.safetensors")
    assert not (killed / weights).exists()
    assert run("train", "--recipe", recipe, "--out", killed) == 0
    assert json.loads((killed / "train/transformer/stamp.json").read_text())["resumed"]
    assert run("train", "--recipe", recipe, "--out", whole) == 0
    found, expected = load_tensors(killed / weights)[0], load_tensors(whole / weights)[0]
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def wait_for(path: Path, process: Any) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, "the process ended before its first checkpoint"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_damaged_shard_is_named(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run("prepare", "--recipe", tiny, "--out", out) == 0
    shard = next((out / "prepare/train").glob("*.bin"))
    damaged = bytearray(shard.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    shard.write_bytes(damaged)
    assert run("train", "--recipe", tiny, "--out", out) == 2
    assert shard.name in capsys.readouterr().err


def test_a_full_disk_loses_nothing(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    assert run("prepare", "--recipe", tiny, "--out", out) == 0

    def full(_: int) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert run("train", "--recipe", tiny, "--out", out) == 2
    assert "disk is full" in capsys.readouterr().err
    assert run("train", "--recipe", tiny, "--out", out) == 0
    assert "prepare: unchanged" in capsys.readouterr().out


def test_a_changed_new_or_lost_file_of_any_kind_is_another_collection(tmp_path: Path) -> None:
    recipe = load_recipe(sources=(f"files:{tmp_path}",))
    states = [state_of_sources(recipe)]
    table = tmp_path / "sub" / "a.jsonl.gz"
    table.parent.mkdir()
    for data in (b"1", b"2"):
        table.write_bytes(data)
        states.append(state_of_sources(recipe))
    for suffix in READERS:
        (tmp_path / f"b{suffix}").write_bytes(b"")
        states.append(state_of_sources(recipe))
    table.unlink()
    states.append(state_of_sources(recipe))
    assert all(one != other for one, other in itertools.combinations(states, 2))
    (tmp_path / "picture.png").write_bytes(b"")
    assert state_of_sources(recipe) == states[-1]


def test_a_list_of_licences_decides_what_is_collected_and_the_cards_say_so(tmp_path: Path) -> None:
    licences = ["CC BY 4.0", "not stated", "cc-by-nc-4.0"]
    rows = [
        {"text": f"Text {n} on " + " ".join(f"w{n * k % 17}" for k in range(30))}
        | {"licence": licences[n % 3]}
        for n in range(60)
    ]
    table = tmp_path / "rows.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = tmp_path / "allow.toml"
    recipe.write_text(
        f'[collect]\nsources = ["files:{table.as_posix()}"]\nallow_licences = ["CC-BY-4.0"]\n'
        "[prepare]\nvocab_size = 280\nvalid = 0.2\ntest = 0.2\nworkers = 1\n"
    )
    out = tmp_path / "run"
    assert run("prepare", "--recipe", recipe, "--out", out) == 0
    assert json.loads((out / "collect/manifest.json").read_text())["documents"] == 20
    left_out = json.loads((out / "collect/left_out.json").read_text())
    assert [(row["licence"], len(row["ids"])) for row in left_out] == [
        ("CC-BY-NC-4.0", 20),
        ("unknown", 20),
    ]
    card = json.loads((out / "prepare/card.json").read_text())
    assert [(row["licence"], row["documents"]) for row in card["left_out"]] == [
        ("CC-BY-NC-4.0", 20),
        ("unknown", 20),
    ]
    sheet = (out / "prepare/datasheet.md").read_text()
    assert "left out for the licence CC-BY-NC-4.0: 20" in sheet
    recipe.write_text(recipe.read_text().replace('"CC-BY-4.0"', '"CC-BY"'))
    assert run("prepare", "--recipe", recipe, "--out", out) == 2


def test_a_recipe_crawls_within_its_limits_and_goes_on_where_it_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        text = f"Page {path} tells of rivers, of stones, and of gardens in winter. " * 5
        links = "".join(f'<a href="/{n}">more</a>' for n in range(9))
        known = path == "/" or path[1:].isdigit()
        body = f"<html><body><p>{text}</p>{links}</body></html>".encode()
        return (200 if known else 404), {"Content-Type": "text/html"}, body

    recipe, out = tmp_path / "crawl.toml", tmp_path / "run"
    with serve(answer) as site:
        limits = '[crawl]\ndelay = 0\nmax_pages = 6\nallow_private = ["127.0.0.1"]\n'
        recipe.write_text(f'[collect]\nsources = ["crawl:{site.address}"]\n{limits}')
        with monkeypatch.context() as patch:  # stopped after the crawl, before all is written
            patch.setattr(
                "minilm.stages.write_counted", lambda documents, _: next(iter(documents)) / 0
            )
            with pytest.raises(TypeError):
                run("collect", "--recipe", recipe, "--out", out)
        n_requests = len(site.log)
        assert run("collect", "--recipe", recipe, "--out", out) == 0
        assert "(continued)" in capsys.readouterr().out
        pages = [path for path in site.paths if path == "/" or path[1:].isdigit()]
        assert len(pages) == len(set(pages)) == 6
        assert len(site.log) == n_requests == 9  # with the three files of rules
        recipe.write_text(recipe.read_text().replace("max_pages", "most_pages"))
        assert run("collect", "--recipe", recipe, "--out", out) == 2
        assert "[crawl]" in capsys.readouterr().err
    lines = (out / "collect/documents.jsonl").read_text().splitlines()
    assert {json.loads(line)["source"] for line in lines} == {f"crawl:{site.address}"}
    assert len(lines) == 6


def test_only_what_has_read_a_removed_text_is_made_again(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run("train", "--recipe", tiny, "--out", out) == 0

    def made_again(part: str) -> list[str]:
        names, _ = TokenShards.open(out / "prepare" / part).documents
        assert run("remove", "--run", out, "--id", names[0]) == 0
        capsys.readouterr()
        assert run("train", "--recipe", tiny, "--out", out) == 0
        return re.findall(r"\] (\S+): (?!unchanged)", capsys.readouterr().out)

    assert made_again("test") == []
    assert made_again("train") == ["train/transformer", "train/lstm"]
