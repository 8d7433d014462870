"""Stage 5, fine-tuning: what was learnt from reading, put to work on a task.

`Classifier` puts a head on a pretrained network and `fit_classifier` teaches it; `baselines` holds
the yardsticks that say whether the trouble was worth it.
"""
