"""What all tests share."""

import os

# Before torch or datasets are imported: no spinning threads, no attempt to reach a network.
import minilm  # noqa: F401

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MPLBACKEND", "agg")
