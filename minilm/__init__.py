"""minilm: build a language model end to end, in six stages, from scratch.

The floors of the package are the stages of the course: `collect`, `prepare`, `model`, `train`,
`tune`, `evaluate`, and `serve` to ship the result. `minilm build` walks through all of them.
The names below are imported when first used, so that `import minilm` costs nothing.
"""

import importlib
import os
from typing import Any

__version__ = "0.1.0"

# How long a thread spins before it sleeps while it waits for work. Milliseconds, the habit of
# OpenMP, slow small models tenfold on a busy machine; no spinning costs a third of the speed on an
# idle one, since a small product is over sooner than a sleeper wakes. A thousand turns are 10 to
# 50 microseconds. OpenMP reads both names once, when torch is imported, so they are set before.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")

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
