"""The settings of a training run, and which of them make it another run."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

WHERE = ("device", "parallel", "log")  # these say where a run is done, not what it does


@dataclass(frozen=True)
class TrainerConfig:
    """How long to train, how fast, in which numbers, and how often to look.

    A step sees `accumulate` mini-batches of `batch_size` rows; their gradients add up before the
    weights move, so `accumulate` trades memory for time and changes nothing else. `packing` says
    what a row is (see `minilm.train.batches.make_batches`): by default a window of the stream,
    whatever documents lie in it; with all other packings, attention, loss and evaluation keep
    inside documents.

    `muon_learning_rate` moves the matrices inside the network, `learning_rate` all else by the
    `optimizer` "adamw", "lion" or "sgd" (0 for Muon: it moves everything). The `schedule` "wsd",
    "cosine" or "linear" scales both; `warmup` and `decay` are the shares of the run in which they
    rise and fall. `clip` is the largest allowed norm of the gradient.

    `precision` is the format of matrix products ("auto": bfloat16 on GPUs that compute in it);
    `compile` asks for torch.compile, of the model and of AdamW's step. On a bad step (a loss or a
    gradient that is not finite) a run stops; with "roll_back" it goes back to its last checkpoint
    instead, also when the loss jumps, and leaves out what it read since. `eval_tokens` is how much
    of the validation text is read at each evaluation. `log` may name "tensorboard" and "wandb"
    beside the log.csv of every folder.
    """

    steps: int = 600
    batch_size: int = 16
    accumulate: int = 1
    packing: str = "stream"
    optimizer: str = "adamw"
    learning_rate: float = 1e-2
    muon_learning_rate: float = 0.02
    weight_decay: float = 0.1
    schedule: str = "wsd"
    warmup: float = 0.03
    decay: float = 0.5
    clip: float = 1.0
    precision: str = "auto"
    compile: bool = False
    on_bad_step: str = "stop"
    eval_every: int = 100
    eval_tokens: int = 20_000
    sample_every: int = 200
    checkpoint_every: int = 50
    log: tuple[str, ...] = ()
    seed: int = 0
    device: str = "auto"
    parallel: str = "none"


def changed_settings(saved: dict[str, Any], config: TrainerConfig) -> list[str]:
    """Name the settings that would make another run of a saved one; it may lack newer fields."""
    now = json.loads(json.dumps(asdict(config)))
    defaults = {field.name: field.default for field in fields(config)}
    names = [name for name in now if name not in WHERE]
    return [name for name in names if saved.get(name, defaults[name]) != now[name]]
