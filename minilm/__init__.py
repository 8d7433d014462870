"""minilm: build a language model end to end, in six stages, from scratch.

The floors of the package are the stages of the course: `collect`, `prepare`, `model`, `train`,
`tune`, `evaluate`, and `serve` to ship the result. `minilm build` walks through all of them.
The names below are imported when first used, so that `import minilm` costs nothing.
"""

import importlib
import os
from typing import Any

__version__ = "0.1.0"

# Threads that spin while they wait slow small models tenfold on a busy machine; OpenMP reads this
# once, when torch is imported, so it has to be set before.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_HOMES = {
    "MinilmError": "minilm.errors",
    "Tokenizer": "minilm.prepare.tokenizer",
    "TokenShards": "minilm.prepare.shards",
    "Transformer": "minilm.model.transformer",
    "TransformerConfig": "minilm.model.transformer",
    "LSTM": "minilm.model.recurrent",
    "LSTMConfig": "minilm.model.recurrent",
    "Trainer": "minilm.train.trainer",
    "TrainerConfig": "minilm.train.trainer",
    "load_pretrained": "minilm.model.pretrained",
    "load_pretrained_tokenizer": "minilm.prepare.pretrained_tokenizer",
    "generate": "minilm.serve.engine",
}
__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'minilm' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
