"""Open what a run left on disk, or what others have trained, and continue text with it."""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minilm.errors import MinilmError
from minilm.model.pretrained import load_pretrained
from minilm.model.storage import Model, load_model
from minilm.prepare.byte_bpe import ByteBPE
from minilm.prepare.pretrained_tokenizer import load_pretrained_tokenizer
from minilm.prepare.tokenizer import Tokenizer
from minilm.serve.engine import generate
from minilm.serve.layout import store_by_columns


def load_run(folder: Path | str, model: str = "transformer") -> tuple[Model, Tokenizer | ByteBPE]:
    """Return the model and the tokenizer of a run that `minilm build` has trained.

    A GGUF file or a folder of transformers takes the place of a run: see
    `minilm.model.pretrained`. Raises MinilmError when the run, or the model in it, is not there.
    """
    folder = Path(folder)
    if folder.is_file() or (folder / "config.json").is_file():
        pretrained = load_pretrained(folder)
        store_by_columns(pretrained)
        return pretrained, load_pretrained_tokenizer(folder)
    weights = folder / "train" / model / "model.safetensors"
    if not weights.exists():
        raise MinilmError(f"{folder} holds no trained {model}. Run minilm build --out {folder}.")
    loaded = load_model(weights)
    store_by_columns(loaded)
    return loaded, Tokenizer.load(folder / "prepare" / "tokenizer.json")


def complete(
    model: Model, tokenizer: Tokenizer | ByteBPE, prompt: str, **choices: Any
) -> Iterator[str]:
    """Continue a text, yielding characters as they are completed; `choices` go to `generate`.

    One character may take several tokens, so bytes are held back until they form whole
    characters. An end-of-text token stops the text.
    """
    ids = [*tokenizer.start, *tokenizer.encode(prompt)] or [tokenizer.end_of_text]
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for token in generate(model, ids, stop=(tokenizer.end_of_text,), **choices):
        if text := decoder.decode(tokenizer.token_bytes(token)):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text
