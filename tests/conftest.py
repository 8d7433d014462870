"""What all tests share: no spinning threads, no attempt to reach a network, no clocks."""

import os

import hypothesis

import minilm  # noqa: F401  (tells OpenMP's threads how to wait, before torch is imported)

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MPLBACKEND", "agg")

hypothesis.settings.register_profile("minilm", deadline=None)
hypothesis.settings.load_profile("minilm")
