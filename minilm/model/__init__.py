"""Stage 3, architecture: functions from the tokens so far to scores for the next one.

Every model here keeps one contract, `model(ids) -> logits`, with `ids` of shape (B, T) and `logits`
of shape (B, T, V), so that training, evaluation and generation never ask what is inside. `NGram`
counts, `Bigram` and `MLP` learn from the last token or the last few, `Recurrent` carries a state
from token to token (with RNN, GRU or `LSTM` cells), `Transformer` lets every token look back at all
the others. The transformer is assembled from `CausalSelfAttention`, `Rotary`, `RMSNorm` and a
feed-forward layer, one module each; its config may name others: positions of five kinds, LayerNorm,
GELU, sliding windows, latent attention, experts.
`Encoder` is the same under a mask that shows both sides, and `EncoderDecoder` joins the two by
`CrossAttention`: it reads a source and writes a target.
`load_pretrained` fills a transformer with weights that others have trained, from safetensors or
GGUF.
"""
