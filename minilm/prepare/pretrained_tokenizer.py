"""The tokenizer of a pretrained model: from its GGUF file or from the folder of transformers.

    tokenizer = load_pretrained_tokenizer("SmolLM2-135M-Instruct.Q4_1.gguf")
    tokenizer.encode("How are you?")

Both hold a byte-level BPE: the tokens, the merges, and in some form the pattern that cuts a text
into words. A tokenizer.json describes the pattern; a GGUF file only names it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minilm.errors import MinilmError
from minilm.files import read_json
from minilm.gguf_file import GGUFFile
from minilm.prepare.bpe import PATTERN
from minilm.prepare.byte_bpe import ByteBPE
from minilm.prepare.interface import END_OF_TEXT
from minilm.prepare.tokenizer_json import SINGLE_DIGITS, pattern_of

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Digits in groups of up to three, and any one sign before a word, not the space alone."""

QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")

ORDINARY = 1  # the type of a token in a GGUF file that text can be made of
NAMED: dict[str, dict[str, Any]] = {  # what a GGUF file's `pre` means
    "gpt-2": {"pattern": PATTERN},
    "smollm": {"pattern": SINGLE_DIGITS},
    "llama-bpe": {"pattern": LLAMA3, "whole_words": True},
    "qwen2": {"pattern": QWEN2, "normal_form": "NFC"},
}


def load_pretrained_tokenizer(path: Path | str) -> ByteBPE:
    """Read the tokenizer of a GGUF file, or of a folder with a tokenizer.json.

    Its ids are those of transformers, before the special tokens that a template adds. Raises
    MinilmError for another kind of tokenizer, an unknown pattern, and files that are damaged.
    """
    path = Path(path)
    return from_folder(path) if path.is_dir() else from_gguf(GGUFFile(path))


def from_gguf(file: GGUFFile) -> ByteBPE:
    """Read the tokenizer in the metadata of a GGUF file."""
    about = {
        key.removeprefix("tokenizer.ggml."): value
        for key, value in file.metadata.items()
        if key.startswith("tokenizer.ggml.")
    }
    kind, cut = about.get("model"), about.get("pre")
    if kind != "gpt2" or cut not in NAMED:
        raise MinilmError(
            f"{file.path} has a tokenizer of the kind {kind!r} with the pattern {cut!r}; minilm"
            f" reads 'gpt2' with {', '.join(NAMED)}. Choose a model with one of these."
        )
    try:
        tokens, types = about["tokens"], about["token_type"]
        choices = dict(NAMED[cut])
        if "eos_token_id" in about:
            choices["ends_with"] = tokens[about["eos_token_id"]]
        if about.get("add_bos_token"):
            choices["starts_with"] = [tokens[about["bos_token_id"]]]
        special_ids = [id_ for id_, type_ in enumerate(types) if type_ != ORDINARY]
        return ByteBPE(tokens, about["merges"], special_ids, **choices)
    except (KeyError, IndexError, TypeError) as error:
        raise MinilmError(f"{file.path} lacks a part of its tokenizer ({error}).") from error


def from_folder(folder: Path) -> ByteBPE:
    """Read tokenizer.json, and from tokenizer_config.json or config.json how a text ends."""
    path = folder / "tokenizer.json"
    content = read_json(path)
    try:
        model = content["model"]
        added = {token["id"]: token for token in content["added_tokens"]}
        if (
            model["type"] != "BPE"
            or model.get("byte_fallback")
            or any(map(_has_habits, added.values()))
        ):
            raise MinilmError(
                f"{path} is not a byte-level BPE. Choose a model whose tokenizer is: GPT-2,"
                " Llama 3, Qwen, SmolLM."
            )
        ids = {**model["vocab"], **{token["content"]: id_ for id_, token in added.items()}}
        tokens = sorted(ids, key=ids.__getitem__)
        if sorted(ids.values()) != list(range(len(ids))):
            raise MinilmError(f"{path} skips numbers, or gives one to two tokens.")
        return ByteBPE(
            tokens,
            [m if isinstance(m, str) else " ".join(m) for m in model["merges"]],
            list(added),
            pattern_of(content["pre_tokenizer"], path),
            whole_words=bool(model.get("ignore_merges")),
            normal_form=_normal_form(content["normalizer"], path),
            starts_with=_starts_with(content.get("post_processor")),
            ends_with=_ends_with(folder, tokens),
        )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise MinilmError(f"{path} is not a tokenizer.json of byte-level BPE ({error}).") from error


def _has_habits(token: dict[str, Any]) -> bool:
    """Whether an added token swallows spaces around it, or wants to stand alone."""
    return bool(token["lstrip"] or token["rstrip"] or token["single_word"])


def _normal_form(normalizer: dict[str, Any] | None, path: Path) -> Any:
    if normalizer is None:
        return None
    if normalizer["type"] == "Sequence" and len(normalizer["normalizers"]) == 1:
        normalizer = normalizer["normalizers"][0]
    if normalizer["type"] in ("NFC", "NFD", "NFKC", "NFKD"):
        return normalizer["type"]
    raise MinilmError(f"{path} changes texts by {normalizer['type']}, which minilm does not do.")


def _starts_with(processor: dict[str, Any] | None) -> list[str]:
    """The special tokens that a template puts before a text."""
    parts = [processor] if processor else []
    parts = processor["processors"] if processor and processor["type"] == "Sequence" else parts
    names = []
    for part in parts:
        for piece in part["single"] if part["type"] == "TemplateProcessing" else []:
            if "Sequence" in piece:
                break
            names.append(piece["SpecialToken"]["id"])
    return names


def _ends_with(folder: Path, tokens: list[str]) -> str:
    """The name of the token that ends a text, as the folder's settings have it."""
    for name in ("tokenizer_config.json", "config.json"):
        settings = read_json(folder / name) if (folder / name).is_file() else {}
        end = settings.get("eos_token") or settings.get("eos_token_id")
        if isinstance(end, list):
            end = end[0]
        if isinstance(end, dict):
            end = end["content"]
        if end is not None:
            return tokens[end] if isinstance(end, int) else str(end)
    return END_OF_TEXT


def chat_prompt(
    tokenizer: ByteBPE, question: str, system: str = "You are a helpful assistant."
) -> list[int]:
    """Write a question in the form in which models tuned with ChatML expect it, up to the answer.

    Each turn is <|im_start|>, who speaks, what is said, <|im_end|>. The question cannot end its own
    turn by writing the names of these tokens. Raises MinilmError when the tokenizer has no such
    tokens: a model that was not tuned for conversations.
    """
    try:
        begin, end = (tokenizer.special_tokens[name] for name in ("<|im_start|>", "<|im_end|>"))
    except KeyError as error:
        raise MinilmError(
            f"This model was not tuned for ChatML: it has no token {error}."
        ) from error
    ids: list[int] = []
    for speaker, text in (("system", system), ("user", question)):
        ids += [begin, *tokenizer.encode(f"{speaker}\n{text}"), end, *tokenizer.encode("\n")]
    return [*ids, begin, *tokenizer.encode("assistant\n")]
