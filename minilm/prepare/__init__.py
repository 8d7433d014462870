"""Stage 2, preparing: from collected documents to numbered tokens that a model can be trained on.

Text is normalized, cleaned of markup and private data, filtered, freed of duplicates and split by
document; a byte-level BPE tokenizer is learned from the training part, and the token ids land in
memory-mapped shards. `minilm.prepare.clean.prepare` is the whole stage in order; every step is a
module of its own: `normalize`, `privacy`, `filters`, `deduplicate`, `split`, `bpe`, `tokenizer`,
`shards`, `card`.
"""
