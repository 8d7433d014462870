"""Open a pretrained model as if it were a run, and write with it; the text is transformers'."""

from pathlib import Path

import pytest
import tokenizers
import torch
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import TemplateProcessing
from transformers import GPT2Config, GPT2LMHeadModel

from minilm.cli import main
from minilm.errors import MinilmError
from minilm.serve.run import complete, load_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small random GPT-2, as transformers saves it; its texts begin with a token of their own."""
    path = tmp_path_factory.mktemp("gpt2")
    letters = sorted(ByteLevel.alphabet())
    vocab = {"<|start|>": 0, "<|endoftext|>": 1} | {c: i + 2 for i, c in enumerate(letters)}
    tokenizer = tokenizers.Tokenizer(BPE(vocab, []))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.add_special_tokens(["<|start|>", "<|endoftext|>"])
    tokenizer.post_processor = TemplateProcessing(
        single="<|start|> $A", special_tokens=[("<|start|>", 0)]
    )
    tokenizer.save(str(path / "tokenizer.json"))
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=258, n_positions=64, n_embd=32, n_layer=2, n_head=4,
        bos_token_id=0, eos_token_id=1, initializer_range=0.3,
    )  # fmt: skip
    GPT2LMHeadModel(config).save_pretrained(path)
    return path


def test_a_folder_of_transformers_writes_what_transformers_writes(folder: Path):
    model, tokenizer = load_run(folder)
    text = "".join(complete(model, tokenizer, "hello", temperature=0, max_new_tokens=20))
    theirs = GPT2LMHeadModel.from_pretrained(folder)
    ids = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json")).encode("hello").ids
    written = theirs.generate(
        torch.tensor([ids]), attention_mask=torch.ones(1, len(ids)), do_sample=False,
        max_new_tokens=20, pad_token_id=1,
    )  # fmt: skip
    assert ids[0] == 0
    assert text == tokenizer.decode(id_ for id_ in written[0, len(ids) :].tolist() if id_ != 1)
    assert len(text) > 3


def test_the_command_takes_it_in_place_of_a_run(folder: Path, capsys: pytest.CaptureFixture[str]):
    options = ["--temperature", "0", "--max-new-tokens", "20"]
    assert main(["generate", "--model", str(folder), "hello", *options]) == 0
    model, tokenizer = load_run(folder)
    text = "".join(complete(model, tokenizer, "hello", temperature=0, max_new_tokens=20))
    assert capsys.readouterr().out == f"hello{text}\n"


def test_what_is_neither_is_named(folder: Path, tmp_path: Path):
    with pytest.raises(MinilmError, match="holds no trained transformer"):
        load_run(tmp_path)
    (tmp_path / "notes.txt").write_text("no model")
    with pytest.raises(MinilmError, match=r"notes\.txt is not a whole GGUF file"):
        load_run(tmp_path / "notes.txt")
