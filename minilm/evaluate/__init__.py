"""Evaluation: say in numbers what a model can do, how sure the numbers are, and where it fails.

A language model is asked how surprised it is by text that it has not seen (`language`), and a file
compressor is asked the same question (`compress`). A classifier is asked how often it is right
(`classification`), with an interval that says how far chance could have moved the answer, and
which mistakes it was surest of (`mistakes`). Everything here is a few lines of NumPy or PyTorch
over plain arrays, so any model can be measured.
"""

from minilm.evaluate.classification import (
    Scores,
    accuracy,
    bootstrap_difference,
    bootstrap_interval,
    confusion_matrix,
    macro_f1,
    precision_recall_f1,
)
from minilm.evaluate.compress import compressed_bits_per_byte
from minilm.evaluate.language import bits_per_byte, perplexity, token_losses
from minilm.evaluate.mistakes import Mistake, worst_mistakes

__all__ = [
    "Mistake",
    "Scores",
    "accuracy",
    "bits_per_byte",
    "bootstrap_difference",
    "bootstrap_interval",
    "compressed_bits_per_byte",
    "confusion_matrix",
    "macro_f1",
    "perplexity",
    "precision_recall_f1",
    "token_losses",
    "worst_mistakes",
]
