"""Load a model that others have trained into our transformer: same weights, same logits.

    model = load_pretrained("SmolLM2-135M-Instruct.Q4_1.gguf")
    model = load_pretrained("a folder with config.json and *.safetensors")

Tensors are read from the file one at a time and become the weights, so the memory needed is that of
the weights in float32 and of one tensor more; float32 safetensors are not even copied.
"""

import re
from pathlib import Path
from typing import Any, Protocol

import safetensors
import torch
from torch import Tensor

from minilm.errors import MinilmError
from minilm.files import read_json
from minilm.gguf_file import GGUFFile
from minilm.model.config import TransformerConfig
from minilm.model.families import config_from_gguf, config_from_json
from minilm.model.layouts import LAYOUTS, Layout
from minilm.model.positions import make_rotary
from minilm.model.transformer import Transformer

INDEX = "model.safetensors.index.json"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


def load_pretrained(path: Path | str) -> Transformer:
    """Build our transformer from a GGUF file or a folder of safetensors, on the CPU, to evaluate.

    Known are the families GPT-2, Llama and Qwen3; weights become float32. Raises MinilmError that
    says what to do for another family or an unknown choice within one, for tensors that are
    missing, left over or of another shape, and for files that are damaged or could run code.
    """
    checkpoint = open_checkpoint(Path(path))
    config, layout = checkpoint.config, checkpoint.layout
    with torch.device("meta"):  # sizes only: no numbers are drawn that would be thrown away
        model = Transformer(config)
    shapes = {name: weight.shape for name, weight in model.named_parameters()}
    check_names(checkpoint, [theirs for name in shapes for theirs in layout.theirs(name)])
    weights = {name: read_weight(checkpoint, name, shape) for name, shape in shapes.items()}
    model.load_state_dict(weights, strict=False, assign=True)
    if config.tie_embeddings:
        model.head.weight = model.embedding.weight
    model.rotary = make_rotary(config)  # computed, so in no file
    return model.eval()


class Checkpoint(Protocol):
    """A source of weights: what it says about the model, and its tensors by name."""

    path: Path
    config: TransformerConfig
    layout: Layout
    names: set[str]

    def read(self, name: str) -> Tensor:
        """Return one tensor as float32."""
        ...


class GGUFCheckpoint:
    """Weights in a GGUF file, computed back from whatever precision it keeps."""

    def __init__(self, path: Path) -> None:
        self.path, self.file = path, GGUFFile(path)
        self.config = config_from_gguf(self.file)
        self.layout = LAYOUTS["gguf", self.file.metadata["general.architecture"]]
        self.names = set(self.file.tensors)

    def read(self, name: str) -> Tensor:
        """Return one tensor as float32."""
        return torch.from_numpy(self.file.read(name))


class SafetensorsCheckpoint:
    """Weights in a folder of transformers: config.json beside one or many safetensors files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        settings = read_json(path / "config.json")
        self.config = config_from_json(settings, path / "config.json")
        self.layout = LAYOUTS["safetensors", settings["model_type"]]
        self.files: dict[str, Any] = {}
        for part in self._parts():
            try:
                file: Any = safetensors.safe_open(part, "pt")
            except (safetensors.SafetensorError, OSError) as error:
                raise MinilmError(
                    f"{part} is missing or damaged ({error}). Copy or download it again."
                ) from error
            self.files |= {name.removeprefix("transformer."): (file, name) for name in file.keys()}  # noqa: SIM118
        self.names = set(self.files)

    def _parts(self) -> list[Path]:
        if (self.path / INDEX).is_file():
            try:
                names = set(read_json(self.path / INDEX)["weight_map"].values())
            except (AttributeError, KeyError, TypeError) as error:
                raise MinilmError(
                    f"{self.path / INDEX} does not say which file holds what. Download it again."
                ) from error
            return [self.path / name for name in sorted(names)]
        return [self.path / "model.safetensors"]

    def read(self, name: str) -> Tensor:
        """Return one tensor as float32."""
        file, their_name = self.files[name]
        tensor: Tensor = file.get_tensor(their_name)
        if not tensor.is_floating_point():
            raise MinilmError(f"{self.path}: {their_name} holds {tensor.dtype}, not weights.")
        return tensor.float()


def open_checkpoint(path: Path) -> Checkpoint:
    """Open a GGUF file or a folder of safetensors; raise MinilmError for anything else."""
    if path.is_dir() and (path / "config.json").is_file():
        if any(path.glob("*.safetensors")):
            return SafetensorsCheckpoint(path)
        if pickles := [file for file in sorted(path.iterdir()) if file.suffix in PICKLES]:
            path = pickles[0]
    if path.suffix in PICKLES:
        raise MinilmError(
            f"{path} is a pickle: opening it can run any code. Convert it to safetensors where you"
            " trust it: transformers' model.save_pretrained(FOLDER) writes them."
        )
    if path.is_file() and path.suffix != ".safetensors":
        return GGUFCheckpoint(path)
    raise MinilmError(
        f"{path} is no pretrained model. Give a GGUF file, or a folder that holds config.json and"
        " model.safetensors."
    )


def read_weight(checkpoint: Checkpoint, name: str, shape: torch.Size) -> Tensor:
    """Make one of our weights; raise MinilmError when the file's tensors have other shapes."""
    theirs = checkpoint.layout.theirs(name)
    pieces = [checkpoint.read(one) for one in theirs]
    try:
        weight = checkpoint.layout.ours(name, pieces, checkpoint.config.head_width)
    except RuntimeError:
        weight = None
    if weight is None or weight.shape != shape:
        have = ", ".join(f"{one} {tuple(p.shape)}" for one, p in zip(theirs, pieces, strict=True))
        raise MinilmError(
            f"{checkpoint.path} holds {have}, which do not make the {tuple(shape)} of {name} that"
            " its own settings ask for. Weights and settings belong to different models."
        )
    return weight


def check_names(checkpoint: Checkpoint, wanted: list[str]) -> None:
    """Raise MinilmError unless the file holds the tensors that we need and no others."""
    tied = set(checkpoint.layout.theirs("head.weight"))  # some files repeat the shared matrix
    unknown = checkpoint.names - set(wanted) - (tied if checkpoint.config.tie_embeddings else set())
    unused = re.compile(checkpoint.layout.unused)
    strange = {name for name in unknown if not unused.fullmatch(name)}
    for what, names in (
        ("lacks what its family has", set(wanted) - checkpoint.names),
        ("holds what its family has not", strange),
    ):
        if names:
            first = ", ".join(sorted(names)[:3]) + (", ..." if len(names) > 3 else "")
            raise MinilmError(
                f"{checkpoint.path} {what}: {first} ({len(names)} in all). The download is not"
                " complete, or the model differs from its family; use it with transformers."
            )
