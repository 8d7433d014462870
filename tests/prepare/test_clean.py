"""The whole stage on a small collection: every step counted, no leak, the same result twice."""

import json
import random
from pathlib import Path

import pytest

from minilm.collect.documents import Document, make_document
from minilm.errors import MinilmError
from minilm.prepare.clean import PrepareConfig, prepare
from minilm.prepare.deduplicate import jaccard, shingles
from minilm.prepare.shards import TokenShards
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
    ] + [make_document("A speech about the Union, so long.", id="s", source="sotu", licence="PD")]


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
    assert counts == [45, 45, 45, 44, 43, 42]
    assert steps["mask private data"]["changed"] == {"email": 1, "phone": 1}
    removed = [steps[name]["removed"] for name in list(steps)[3:]]
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
