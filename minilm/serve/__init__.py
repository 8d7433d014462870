"""Stage 7, shipping: use the model that was built.

`sampling` turns scores into a choice, `generate` writes on, token by token, with a cache so that
each token is computed once, `translate` searches for the best target of an encoder-decoder, and
`load_run` opens what `minilm build` left in a run's folder.
"""
