"""A removed text is gone everywhere, also when the process is killed at any step on the way."""

import gzip
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from minilm import cli
from minilm.collect.budgets import CrawlConfig
from minilm.collect.documents import make_document, read_collection
from minilm.collect.loopback import serve
from minilm.collect.sources import open_source
from minilm.collect.warc import read_responses
from minilm.errors import MinilmError
from minilm.prepare.shards import TokenShards
from minilm.prepare.split import PARTS
from minilm.prepare.tokenizer import Tokenizer
from minilm.removal import finish, remove
from minilm.removed import Removed, checksum
from minilm.run_folder import STAMP, is_done

SECRET = "Xylophonia Quetzal lives behind the seventh lighthouse and collects brass compasses"
FIRST, TWIN, NEAR, OTHER = "files/00-first", "files/01-twin", "files/02-near", "files/09-other"


def texts() -> dict[str, str]:
    """Thirty texts, among them one, its copy with other spaces, and one that is nearly the same."""
    rows = {FIRST: f"{SECRET} since 1987.", TWIN: f"{SECRET}  since 1987.\n<br />"}
    rows[NEAR] = f"{SECRET} since 1987. Really."
    for number in range(27):
        words = " ".join(f"word{number * k % 31} of{k}" for k in range(1, 25))
        rows[f"files/{number:02}-other"] = f"Text number {number}: {words}."
    return rows


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that is collected and prepared; with labels, as if these were reviews."""
    folder = tmp_path_factory.mktemp("removal")
    with open(folder / "texts.jsonl", "w") as file:
        for number, (id, text) in enumerate(texts().items()):
            facts = {"id": id, "source": "letters", "licence": "own", "label": number % 2}
            file.write(json.dumps(make_document(text, **facts)) + "\n")
    recipe = folder / "tiny.toml"
    recipe.write_text(
        f'[collect]\nsources = ["files:{folder.as_posix()}/texts.jsonl"]\n'
        "[prepare]\nvocab_size = 280\nvalid = 0.2\ntest = 0.2\nworkers = 1\n"
        'decontaminate = "off"\nnear_threshold = 0.95\nlabelled_source = "letters"\n'
    )
    assert cli.main(["prepare", "--recipe", str(recipe), "--out", str(folder / "run")]) == 0
    return folder / "run"


@pytest.fixture
def run(prepared: Path, tmp_path: Path) -> Path:
    shutil.copytree(prepared, tmp_path / "run")
    return tmp_path / "run"


def ids_of(run: Path) -> dict[str, str]:
    """text -> id of the documents collected."""
    return {one["text"]: one["id"] for one in read_collection(run / "collect")}


def everything(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def prepared_texts(run: Path) -> dict[str, str]:
    """What the shards say: id -> text."""
    tokenizer = Tokenizer.load(run / "prepare/tokenizer.json")
    found = {}
    for part in PARTS:
        shards = TokenShards.open(run / "prepare" / part)
        names, starts = shards.documents
        for name, start, length in zip(names, starts, shards.document_lengths, strict=True):
            found[name] = tokenizer.decode(shards.read(start, start + length).tolist())
    return found


def test_the_text_and_its_copy_are_gone_and_the_rest_is_as_before(run: Path) -> None:
    before, twin = prepared_texts(run), TWIN
    first = FIRST
    report = remove(run, [first], "2026-11-24")
    assert (report.ids, report.copies) == ((first,), (twin,))
    assert [id for id, _ in report.near] == [NEAR]
    assert not {first, twin} & set(ids_of(run).values())
    after = prepared_texts(run)
    assert after == {id: text for id, text in before.items() if id not in (first, twin)}
    assert len(after) == len(before) - 1  # the copy had been left out as a duplicate
    for name, data in everything(run):
        assert texts()[FIRST].encode() not in data.replace(b"since 1987. Really", b""), name
        assert not re.search(re.escape(first).encode() + rb"\b", data), name


def test_cards_and_counts_agree_with_what_is_left(run: Path) -> None:
    remove(run, [FIRST, OTHER], "2026-11-24")
    card = json.loads((run / "prepare/card.json").read_text())
    assert card["removed"] == [{"date": "2026-11-24", "documents": 3}]
    manifest = json.loads((run / "collect/manifest.json").read_text())
    (source,) = card["sources"].values()
    assert (source["documents"], source["bytes"]) == (manifest["documents"], manifest["bytes"])
    for part in PARTS:
        shards = TokenShards.open(run / "prepare" / part)
        lines = (run / "prepare" / part / "labelled.jsonl").read_text().splitlines()
        assert card["parts"][part] == {
            "documents": len(shards.document_bytes),
            "bytes": shards.n_bytes,
            "tokens": len(shards),
            "labelled": len(lines),
        }
    kept = {key: sum(card["parts"][part][key] for part in PARTS) for key in ("documents", "bytes")}
    assert source["kept"] == kept
    assert card["census"]["sources"][0]["documents"] == manifest["documents"]
    assert "- 2026-11-24: 3 on request" in (run / "prepare/datasheet.md").read_text()
    for stage in ("collect", "prepare"):
        stamp = json.loads((run / stage / STAMP).read_text())["stamp"]
        assert is_done(run / stage, stamp)


def test_nothing_else_is_made_again_and_the_text_does_not_come_back(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = FIRST
    assert cli.main(["remove", "--run", str(run), "--id", first]) == 0
    assert "the same text under other ids" in capsys.readouterr().out
    assert cli.main(["prepare", "--out", str(run)]) == 0
    assert capsys.readouterr().out.count("unchanged, kept") == 2
    recipe = (run / "recipe.toml").read_text()
    (run / "recipe.toml").write_text(recipe.replace("[collect]", "[collect]\nevery = 1"))
    shutil.rmtree(run / "collect")
    assert cli.main(["collect", "--out", str(run)]) == 0
    assert SECRET + " since 1987." not in " ".join(
        text.split("Really")[0] for text in ids_of(run) if "Really" not in text
    )
    assert cli.main(["remove", "--run", str(run), "--id", first]) == 0
    assert "Nothing to do" in capsys.readouterr().out


def test_copies_aside_and_results_that_quote_are_deleted(run: Path) -> None:
    for name in (".earlier/collect", ".earlier/prepare", "evaluate", "report", ".trash"):
        (run / name).mkdir(parents=True)
        (run / name / "quote.json").write_text(SECRET)
        (run / name / STAMP).write_text("{}")
    (run / ".earlier/train").mkdir()
    remove(run, [FIRST])
    assert not list(run.rglob("quote.json"))
    assert (run / ".earlier/train").is_dir()


def test_stale_models_are_named(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("train/transformer", "tune"):
        (run / name).mkdir(parents=True)
        (run / name / STAMP).write_text("{}")
    names, _ = TokenShards.open(run / "prepare/train").documents
    assert cli.main(["remove", "--run", str(run), "--id", names[0]]) == 0
    assert "made from it: train/transformer, tune." in capsys.readouterr().out
    names, _ = TokenShards.open(run / "prepare/test").documents
    assert cli.main(["remove", "--run", str(run), "--id", names[0]]) == 0
    assert "made from it" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("ids", "what"), [(["no/such"], "has no document no/such"), (["*"], "all that")]
)
def test_a_request_that_cannot_be_met_changes_nothing(run: Path, ids: list[str], what: str) -> None:
    before = list(everything(run))
    with pytest.raises(MinilmError, match=what):
        remove(run, ids_of(run).values() if ids == ["*"] else [FIRST, *ids])
    assert list(everything(run)) == before


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    assert cli.main(["remove", "--run", str(tmp_path / "none"), "--id", "a"]) == 2
    assert not (tmp_path / "none").exists()
    with pytest.raises(MinilmError, match="Nothing is collected"):
        remove(tmp_path, ["a"])


def test_an_emptied_part_is_prepared_anew(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names, _ = TokenShards.open(run / "prepare/valid").documents
    remove(run, list(names))
    assert not (run / "prepare").exists()
    assert cli.main(["prepare", "--out", str(run)]) == 0
    assert len(TokenShards.open(run / "prepare/valid"))


def killed_at(step: int, work: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run `work` in a child process that dies at its step-th change on disk; whether it died."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] != 0
    left = step

    def dying(change: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os._exit(9)
            return change(*arguments, **options)

        return counted

    monkeypatch.setattr(os, "replace", dying(os.replace))
    monkeypatch.setattr(os, "fsync", dying(os.fsync))
    monkeypatch.setattr(Path, "rename", dying(Path.rename))
    monkeypatch.setattr(Path, "unlink", dying(Path.unlink))
    monkeypatch.setattr(shutil, "rmtree", dying(shutil.rmtree))
    try:
        work()
    finally:
        os._exit(0)


def test_killed_anywhere_it_is_finished_by_the_next_command(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, _ = TokenShards.open(run / "prepare/train").documents
    asked = [FIRST, names[0]]
    whole = shutil.copytree(run, tmp_path / "whole")
    remove(whole, asked, "2026-11-24")
    expected = {name: data for name, data in everything(whole) if not name.startswith(".")}
    step, died = 0, True
    while died:
        killed = shutil.copytree(run, tmp_path / f"killed-{step}")
        died = killed_at(
            step, lambda folder=killed: remove(folder, asked, "2026-11-24"), monkeypatch
        )
        if Removed.read(killed).date_of(asked[0]):
            finish(killed)
            assert Removed.read(killed).pending is None
        else:  # killed before the request was written down: it has to be made again
            assert sorted(ids_of(killed).values()) == sorted(ids_of(run).values())
            remove(killed, asked, "2026-11-24")
        found = {name: data for name, data in everything(killed) if not name.startswith(".")}
        assert found == expected
        shutil.rmtree(killed)
        step += 1
    assert step > 20


def test_a_new_request_first_finishes_the_one_before(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert killed_at(4, lambda: remove(run, [FIRST]), monkeypatch)
    assert Removed.read(run).pending is not None
    remove(run, [OTHER])
    assert not {FIRST, TWIN, OTHER} & set(ids_of(run).values())
    assert Removed.read(run).pending is None


def test_a_build_first_finishes_what_was_interrupted(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert killed_at(4, lambda: remove(run, [FIRST]), monkeypatch)
    assert FIRST in ids_of(run).values()
    assert cli.main(["prepare", "--out", str(run)]) == 0
    assert FIRST not in ids_of(run).values()
    assert Removed.read(run).pending is None


def test_labels_go_with_their_text(run: Path) -> None:
    labelled = [
        json.loads(line)
        for part in PARTS
        for line in (run / "prepare" / part / "labelled.jsonl").read_text().splitlines()
    ]
    assert len(labelled) > 20
    remove(run, [FIRST])
    for row in labelled:
        there = any(
            row["id"] in (run / "prepare" / part / "labelled.jsonl").read_text() for part in PARTS
        )
        assert there == (row["id"] != FIRST)


def test_the_list_names_what_was_asked_for(run: Path) -> None:
    remove(run, [FIRST])
    assert checksum(FIRST) in {one.id for one in Removed.read(run).removals}


def test_a_crawled_page_leaves_its_archive_too(tmp_path: Path) -> None:
    words = {n: " ".join(f"word{n * k % 37} on{k}" for k in range(60)) for n in range(12)}

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        name = path.strip("/")
        if not name.isdigit():
            links = "".join(f'<a href="/{n}">{n}</a>' for n in words)
            return (200 if not name else 404), {"Content-Type": "text/html"}, links.encode()
        page = f"<html><body><article><p>Page {name}. {words[int(name)]}.</p></article></body>"
        return 200, {"Content-Type": "text/html"}, page.encode()

    recipe = tmp_path / "crawl.toml"
    with serve(answer) as site:
        recipe.write_text(
            f'[collect]\nsources = ["crawl:{site.address}"]\n'
            '[crawl]\ndelay = 0.0\nallow_private = ["127.0.0.1"]\n'
        )
        out = tmp_path / "run"
        assert cli.main(["collect", "--recipe", str(recipe), "--out", str(out)]) == 0
        documents = list(read_collection(out / "collect"))
        asked = next(one for one in documents if "Page 7." in one["text"])
        assert cli.main(["remove", "--run", str(out), "--id", asked["id"]]) == 0
        archives = list(out.rglob("*.warc.gz"))
        texts_left = [gzip.decompress(path.read_bytes()) for path in archives]
        assert any(b"Page 8." in text for text in texts_left)
        assert not any(b"Page 7." in text for text in texts_left)
        n_requests = len(site.log)
        folder = next((out / "collect" / "crawl").iterdir())
        for path in archives:
            assert path.parent == folder
            assert all("7" not in page.url.rpartition("/")[2] for page in read_responses(path))
        config = CrawlConfig(delay=0.0, allow_private=("127.0.0.1",))
        again = list(open_source(f"crawl:{site.address}", folder, config))
        assert {one["id"] for one in again} == {one["id"] for one in documents} - {asked["id"]}
        assert len(site.log) == n_requests  # nothing was fetched a second time
