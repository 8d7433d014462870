"""Models on disk: the weights in one safetensors file that also says how to build them."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from minilm.errors import MinilmError
from minilm.files import atomic_writer
from minilm.model.bigram import Bigram, BigramConfig
from minilm.model.encoder import Encoder
from minilm.model.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from minilm.model.mlp import MLP, MLPConfig
from minilm.model.ngram import NGram, NGramConfig
from minilm.model.recurrent import LSTM, LSTMConfig, Recurrent, RecurrentConfig
from minilm.model.transformer import Transformer, TransformerConfig

Model = Transformer | EncoderDecoder | Recurrent | MLP | Bigram | NGram
MODELS: dict[str, tuple[Callable[[Any], Model], Callable[..., Any]]] = {
    "Transformer": (Transformer, TransformerConfig),
    "Encoder": (Encoder, TransformerConfig),
    "EncoderDecoder": (EncoderDecoder, EncoderDecoderConfig),
    "Recurrent": (Recurrent, RecurrentConfig),
    "LSTM": (LSTM, LSTMConfig),
    "MLP": (MLP, MLPConfig),
    "Bigram": (Bigram, BigramConfig),
    "NGram": (NGram.from_config, NGramConfig),
}
"""The name of a class in a file -> the class and that of its configuration."""


def save_tensors(tensors: dict[str, Tensor], about: dict[str, Any], path: Path | str) -> None:
    """Write tensors and a JSON description, atomically, with a checksum over all of it."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps(about)
    # One key, because safetensors writes several in an order that differs from run to run.
    metadata = {"minilm": json.dumps({"about": text, "sha256": _checksum(tensors, text)})}
    with atomic_writer(path) as file:
        file.write(safetensors.torch.save(tensors, metadata))


def load_tensors(path: Path | str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save_tensors` wrote; raise MinilmError when it is missing or a bit has changed."""
    if not Path(path).is_file():
        raise MinilmError(f"{path} is missing. Train a model first: minilm train.")
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = json.loads((file.metadata() or {}).get("minilm", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError) as error:
        raise MinilmError(f"{path} is damaged ({error}). Delete it and train again.") from error
    if metadata.get("sha256") != _checksum(tensors, metadata.get("about", "")):
        raise MinilmError(
            f"{path} is damaged, or not written by minilm: its checksum differs."
            " Delete it and train again."
        )
    return tensors, json.loads(metadata["about"])


def _checksum(tensors: dict[str, Tensor], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].flatten().numpy().tobytes())
    return digest.hexdigest()


def first_names(model: Model) -> dict[str, str]:
    """Say under which name each weight is written: a matrix in several places under the first."""
    first: dict[int, str] = {}
    weights = model.state_dict(keep_vars=True)
    return {name: first.setdefault(id(weight), name) for name, weight in weights.items()}


def model_tensors(model: Model) -> dict[str, Tensor]:
    """Return the weights by name, a shared matrix once."""
    names = first_names(model)
    return {name: weight for name, weight in model.state_dict().items() if names[name] == name}


def set_model_tensors(model: Model, tensors: dict[str, Tensor]) -> None:
    """Copy weights into the model; raise MinilmError when a name or a shape does not fit."""
    shared = {
        name: tensors[first] for name, first in first_names(model).items() if first in tensors
    }
    try:
        model.load_state_dict({**tensors, **shared})
    except RuntimeError as error:
        raise MinilmError(f"These weights belong to another model: {error}") from error


def save_model(model: Model, path: Path | str) -> None:
    """Write the model's class, configuration and weights to one safetensors file, atomically."""
    about = {"model": type(model).__name__, "config": dataclasses.asdict(model.config)}
    save_tensors(model_tensors(model), about, path)


def load_model(path: Path | str) -> Model:
    """Build the model that `save_model` wrote, on the CPU, ready to evaluate."""
    tensors, about = load_tensors(path)
    if about.get("model") not in MODELS:
        raise MinilmError(f"{path} holds no minilm model. Choose a file that minilm train wrote.")
    make, make_config = MODELS[about["model"]]
    model = make(make_config(**about["config"]))
    set_model_tensors(model, tensors)
    return model.eval()
