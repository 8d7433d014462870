"""Stage 4, training: adjust the weights until the next token surprises less.

`Batches` cuts the token shards into windows, `PackedBatches` lays whole documents into rows; the
order depends on the step alone, and any number of ranks can share it. `autograd` shows on single
numbers where gradients come from; `AdamW`, `Muon`, `Lion` and `SGD`, each one `Rule`, turn them
into steps, `learning_rate_factor` scales those over time, and `Trainer` runs the loop: accumulate,
clip, judge, step, evaluate, sample, log, and keep a checkpoint from which a stopped run continues
bit for bit. `watch` finds the layer in which a number went bad. An `Objective` says what is asked:
the next token, hidden ones (`masked`), the target of a source (`pairs`), pieces cut out (`spans`).
Any `model(ids) -> logits` can be trained, by one process or, through a `World` of many, by replicas
of it or by shares.
"""
