"""The whole stage on a small collection: every step counted, no leak, the same result twice."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm.collect.documents import Document, make_document
from minilm.errors import MinilmError
from minilm.prepare import corpus as corpus_module
from minilm.prepare import parallel, scratch
from minilm.prepare.clean import PrepareConfig, prepare
from minilm.prepare.deduplicate import jaccard, shingles
from minilm.prepare.shards import TokenShards
from minilm.prepare.split import position_of
from minilm.prepare.tokenizer import Tokenizer

SETTINGS = PrepareConfig(vocab_size=300, valid=0.2, test=0.2, labelled_source="reviews")
WORDS = [
    "the",
    "film",
    "was",
    "a",
    "good",
    "bad",
    "long",
    "short",
    "story",
    "about",
    "people",
    "who",
    "love",
    "and",
    "hate",
    "music",
]


def small_collection() -> list[Document]:
    rng = random.Random(0)
    texts = [" ".join(rng.choices(WORDS, k=60)) for _ in range(40)]
    texts += [
        "First line.<br /><br />Tom &amp; Jerry,  mail me@example.org or call 555-123-4567 now.",
        "too short",
        texts[3],
        texts[4] + " indeed",
    ]
    return [
        make_document(text, id=f"d{i}", source="reviews", licence="CC0", label=i % 2)
        for i, text in enumerate(texts)
    ] + [make_document("A speech about it, so long.", id="s", source="sotu", licence="PD", label=1)]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("prepared")
    return folder, prepare(iter(small_collection()), SETTINGS, folder)


def texts_of(folder: Path, part: str) -> list[str]:
    shards = TokenShards.open(folder / part)
    text = Tokenizer.load(folder / "tokenizer.json").decode(shards.read(0, len(shards)).tolist())
    assert text.endswith("<|endoftext|>")
    return text.split("<|endoftext|>")[:-1]


def test_every_step_is_counted(prepared: tuple[Path, dict]) -> None:
    steps = {step["step"]: step for step in prepared[1]["steps"]}
    counts = [step["documents"] for step in prepared[1]["steps"]]
    assert counts == [45, 45, 45, 44, 43, 42, 42]
    assert steps["mask private data"]["changed"] == {"email": 1, "phone": 1}
    assert "changed" not in steps["exact duplicates"]
    removed = [steps[name]["removed"] for name in list(steps)[3:6]]
    assert removed[0] == {"fewer than 3 words": {"documents": 1, "examples": ["d41"]}}
    assert removed[1]["repeats an earlier text"]["examples"] == ["d42 = d3"]
    assert removed[2]["repeats an earlier text"]["examples"] == ["d43 = d4"]


def test_the_card_knows_sources_parts_and_limits(prepared: tuple[Path, dict]) -> None:
    folder, card = prepared
    assert card == json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert card["sources"]["reviews"]["documents"] == 44
    assert card["sources"]["reviews"]["kept"]["documents"] == 41
    assert card["sources"]["sotu"]["licences"] == ["PD"]
    assert any("presidents" in limit for limit in card["limits"])
    assert sum(part["documents"] for part in card["parts"].values()) == 42
    assert card["tokenizer"]["vocab_size"] == 300
    assert card["tokenizer"]["bytes_per_token"] > 1


def test_every_document_is_in_one_part_and_clean(prepared: tuple[Path, dict]) -> None:
    folder, card = prepared
    parts = {part: texts_of(folder, part) for part in ("train", "valid", "test")}
    texts = [text for part in parts.values() for text in part]
    assert len(texts) == len(set(texts)) == 42
    assert "First line.\n\nTom & Jerry, mail <email> or call <phone> now." in texts
    for name, part in parts.items():
        assert card["parts"][name]["documents"] == len(part)
        assert card["parts"][name]["bytes"] == sum(len(text.encode()) for text in part)
        assert TokenShards.open(folder / name).n_bytes == card["parts"][name]["bytes"]
    for a in parts["train"]:
        for b in parts["valid"] + parts["test"]:
            assert jaccard(shingles(a), shingles(b)) < 0.8


def test_labels_follow_the_same_split(prepared: tuple[Path, dict]) -> None:
    folder, card = prepared
    for part in ("train", "valid", "test"):
        lines = (folder / part / "labelled.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        assert card["parts"][part]["labelled"] == len(rows)
        assert all(set(row) == {"id", "text", "label"} for row in rows)
        assert {row["text"] for row in rows} <= set(texts_of(folder, part))
        assert all(row["label"] == int(row["id"][1:]) % 2 for row in rows)


def test_the_tokenizer_learned_from_the_training_part_alone(prepared: tuple[Path, dict]) -> None:
    folder, _ = prepared
    again = Tokenizer.train(texts_of(folder, "train"), 300)
    assert again.merges == Tokenizer.load(folder / "tokenizer.json").merges


def test_preparing_twice_gives_the_same_bytes(prepared, tmp_path: Path) -> None:
    folder, card = prepared
    assert prepare(small_collection(), SETTINGS, tmp_path) == card
    for path in folder.rglob("*"):
        if path.is_file():
            assert (tmp_path / path.relative_to(folder)).read_bytes() == path.read_bytes()


def test_nothing_left_is_an_error_and_leaves_no_card(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text("{}")
    with pytest.raises(MinilmError, match=r"Nothing is left of 1 documents.*fewer than 3 words"):
        prepare(small_collection()[41:42], SETTINGS, tmp_path)
    assert not (tmp_path / "card.json").exists()
    with pytest.raises(MinilmError, match="the collection is empty"):
        prepare([], SETTINGS, tmp_path)
    with pytest.raises(MinilmError, match="Only 2 documents"):
        prepare(small_collection()[:2], SETTINGS, tmp_path)


def test_shards_know_their_documents(prepared: tuple[Path, dict]) -> None:
    folder, card = prepared
    named = []
    for part in ("train", "valid", "test"):
        shards = TokenShards.open(folder / part)
        ids, starts = shards.documents
        named += list(ids)
        positions = [position_of(id_, SETTINGS.seed) for id_ in ids]
        assert positions == sorted(positions), "not in the order of the hashes"
        assert len(ids) == card["parts"][part]["documents"]
        assert starts[0] == 0
        assert list(shards.document_bytes) == [len(t.encode()) for t in texts_of(folder, part)]
    assert len(named) == len(set(named)) == 42
    assert {"d3", "d4", "s"} <= set(named)
    assert not {"d41", "d42", "d43"} & set(named)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_number_of_workers_changes_nothing(prepared, tmp_path, workers, monkeypatch) -> None:
    """Small batches, so that there are many, and small blocks on disk."""
    monkeypatch.setattr(parallel.in_batches, "__defaults__", (700,))
    monkeypatch.setattr(scratch.Records.__init__, "__defaults__", (50,))
    card = prepare(small_collection(), replace(SETTINGS, workers=workers), tmp_path)
    assert card == prepared[1]
    assert bytes_of(tmp_path) == bytes_of(prepared[0])


QUOTED = " ".join(f"secret{i}" for i in range(20))


def contaminated() -> list[Document]:
    """d0 is in the test part (see the test); d100 quotes all of it, d101 inside a long text."""
    filler = " ".join(f"word{i % 700} goes{i % 31}" for i in range(1500))
    middle = len(filler) // 2 + filler[len(filler) // 2 :].index(" ")
    long = filler[:middle] + f" {QUOTED}" + filler[middle:]
    texts = {"d100": f"He said: {QUOTED.upper()}!", "d101": long}
    documents = small_collection()[:40]
    held_out = [d for d in documents if d["id"] in ("d12", "d13")]
    held_out[0]["text"] = f"{QUOTED} and more of it"
    return documents + [
        make_document(text, id=id_, source="reviews", licence="CC0", label=1)
        for id_, text in texts.items()
    ]


def part_of(folder: Path, document_id: str) -> str:
    parts = [
        part
        for part in ("train", "valid", "test")
        if document_id in list(TokenShards.open(folder / part).documents[0])
    ]
    return " ".join(parts)


@pytest.mark.parametrize("mode", ["cut", "drop", "off"])
def test_decontamination(tmp_path: Path, mode) -> None:
    seed = next(  # one that sends the quoted text to the test part and the quoting ones to training
        seed
        for seed in range(1000)
        if position_of("d12", seed) < 0.2
        and position_of("d100", seed) > 0.4
        and position_of("d101", seed) > 0.4
    )
    settings = replace(SETTINGS, decontaminate=mode, seed=seed)
    card = prepare(contaminated(), settings, tmp_path)
    steps = {step["step"]: step for step in card["steps"]}
    step = steps.get("cut out what is tested")
    assert part_of(tmp_path, "d12") == "test"
    text = "".join(texts_of(tmp_path, "train")).lower()
    if mode == "off":
        assert step is None
        assert text.count("secret13") == 2
        return
    assert step is not None
    assert "secret" not in text
    assert part_of(tmp_path, "d100") == ""
    reasons = step["removed"]["quotes an evaluation text"]
    total = sum(part["documents"] for part in card["parts"].values())
    if mode == "cut":
        assert reasons == {"documents": 1, "examples": ["d100"]}
        assert part_of(tmp_path, "d101") == "train"
        assert step["changed"]["documents cut"] == 1
        assert 400 < step["changed"]["bytes cut out"] < 1000
    else:
        assert reasons["documents"] == 2
        assert set(reasons["examples"]) == {"d100", "d101"}
        assert "changed" not in step
    assert step["documents"] == total
    assert step["bytes"] == sum(part["bytes"] for part in card["parts"].values())


def test_repeated_lines_are_dropped_when_asked(tmp_path: Path) -> None:
    footer = "Read more on page {}"
    documents = [
        {**d, "text": d["text"] + "\n" + footer.format(i)}
        for i, d in enumerate(small_collection()[:40])
    ] + [make_document(f"x y\n{footer.format(7)}", id="short", source="reviews", licence="CC0")]
    card = prepare(documents, replace(SETTINGS, line_documents=30), tmp_path)
    steps = {step["step"]: step for step in card["steps"]}
    assert steps["repeated lines"]["changed"] == {"lines dropped": 41}
    assert steps["repeated lines"]["removed"] == {
        "without them: fewer than 3 words": {"documents": 1, "examples": ["short"]}
    }
    assert steps["repeated lines"]["documents"] == 40
    assert steps["filter by length and repetition"]["documents"] == 41
    assert card["sources"]["reviews"]["documents"] == 41
    assert "page" not in "".join(texts_of(tmp_path, "train"))
    assert list(steps).index("repeated lines") == list(steps).index("exact duplicates") - 1


def test_published_rules_and_languages_are_filters_of_choice(tmp_path: Path) -> None:
    english = [
        "The committee has met in the morning and has talked about the weather.",
        "Nobody was able to say what the harvest of the next year would bring.",
        "They went home when it was dark and promised to write to one another.",
    ]
    german = [
        "Der Ausschuss hat sich am Morgen getroffen und über das Wetter geredet.",
        "Niemand konnte sagen, was die Ernte des nächsten Jahres bringen würde.",
        "Als es dunkel war, gingen sie nach Hause und versprachen, sich zu schreiben.",
    ]
    documents = [
        make_document(
            "\n".join([f"{word} {line}" for line in lines] + [f"{word}."]),
            id=f"{i}{word}",
            source="s",
            licence="L",
        )
        for i, lines in enumerate([english, german])
        for word in WORDS[:8]
    ] + [make_document("{ code } " + english[0], id="code", source="s", licence="L")]
    settings = replace(
        SETTINGS, rules=("c4",), language="en", near_threshold=1.0, decontaminate="off"
    )
    card = prepare(documents, settings, tmp_path)
    steps = {step["step"]: step for step in card["steps"]}
    assert steps["published rules"]["removed"] == {
        "c4: curly bracket": {"documents": 1, "examples": ["code"]}
    }
    assert steps["language"]["removed"]["language: not en"]["documents"] == 8
    texts = [text for part in ("train", "valid", "test") for text in texts_of(tmp_path, part)]
    assert [text.count("\n") for text in texts] == [2] * 8, "C4 drops lines of one word"
    with pytest.raises(MinilmError, match=r"There are no rules 'c5'. Choose among gopher"):
        prepare(documents, replace(SETTINGS, rules=("c5",)), tmp_path)


def test_what_owners_refuse_is_left_out(tmp_path: Path) -> None:
    documents = small_collection()
    documents[5]["opt_out"] = "robots.txt forbids it"
    card = prepare(documents, SETTINGS, tmp_path)
    assert card["steps"][1]["removed"] == {
        "robots.txt forbids it": {"documents": 1, "examples": ["d5"]}
    }
    assert part_of(tmp_path, "d5") == ""


class Tracked(dict):
    """A document that counts how many of its kind are alive."""

    alive = most = 0

    def __init__(self, *rest) -> None:
        super().__init__(*rest)
        Tracked.alive += 1
        Tracked.most = max(Tracked.most, Tracked.alive)

    def __del__(self) -> None:
        Tracked.alive -= 1


def test_documents_stream_through(tmp_path: Path, monkeypatch) -> None:
    """A batch or two are in memory at a time, whatever the number of documents.

    (That several workers read few batches ahead is tested in test_parallel.py.)
    """
    monkeypatch.setattr(parallel.in_batches, "__defaults__", (1000,))
    documents = (
        Tracked(
            make_document(
                f"{' '.join(WORDS)} {i} {i + 1} {i + 2}", id=f"t{i}", source="s", licence="L"
            )
        )
        for i in range(3000)
    )
    settings = replace(SETTINGS, near_threshold=1.0, decontaminate="off", workers=1)
    Tracked.most = 0
    card = prepare(documents, settings, tmp_path)
    assert card["steps"][0]["documents"] == 3000
    assert 10 < Tracked.most < 50


def test_the_tokenizer_reads_no_more_than_it_may(tmp_path: Path, monkeypatch) -> None:
    read = []
    monkeypatch.setattr(
        "minilm.prepare.parts.Tokenizer.train",
        lambda texts, *rest, **more: read.extend(texts) or Tokenizer([]),
    )
    documents = [
        make_document(f"{d['text']} {'pad ' * 2500}{i}", id=f"b{i}", source="s", licence="L")
        for i, d in enumerate(small_collection() * 8)
    ]
    settings = replace(
        SETTINGS, tokenizer_megabytes=1, near_threshold=1.0, decontaminate="off", workers=1
    )
    monkeypatch.setattr("minilm.prepare.per_document.why_rejected", lambda *rest, **more: None)
    prepare(documents, settings, tmp_path)
    assert 1_000_000 <= sum(len(text.encode()) for text in read) < 1_020_000


def test_an_error_on_the_way_leaves_nothing_half_done(tmp_path: Path) -> None:
    def failing():
        yield from small_collection()
        raise MinilmError("the source has ended early")

    prepare(small_collection(), SETTINGS, tmp_path)
    with pytest.raises(MinilmError, match="ended early"):
        prepare(failing(), SETTINGS, tmp_path)
    assert not (tmp_path / "card.json").exists()
    assert not (tmp_path / ".scratch").exists()


def test_damaged_scratch_is_named_not_read(tmp_path: Path, monkeypatch) -> None:
    extend = corpus_module.Corpus.extend

    def damage(self, batch) -> None:
        extend(self, batch)
        self.lines._file.flush()
        data = self.lines.path.read_bytes()
        self.lines.path.write_bytes(data.replace(b"the", b"teh", 1))

    monkeypatch.setattr(corpus_module.Corpus, "extend", damage)
    with pytest.raises(MinilmError, match=r"cleaned.jsonl has changed while it was in use"):
        prepare(small_collection(), SETTINGS, tmp_path)


@given(st.lists(st.text(max_size=60), min_size=1, max_size=12))
@settings(max_examples=40)
def test_any_texts_are_prepared_or_refused(tmp_path_factory, texts: list[str]) -> None:
    """Surrogates are no text: they cannot be collected, but must not crash the stage either."""
    documents = [
        Document(id=f"d{i}", text=t, source="s", licence="L", date="", origin="", sha256="")
        for i, t in enumerate([*texts, "\ud800 half a pair", "a b c d e"])
    ]
    folder = tmp_path_factory.mktemp("any")
    try:
        card = prepare(documents, replace(SETTINGS, line_documents=3), folder)
    except MinilmError:
        assert not (folder / "card.json").exists()
        return
    kept = [text for part in ("train", "valid", "test") for text in texts_of(folder, part)]
    assert len(kept) == sum(part["documents"] for part in card["parts"].values())
