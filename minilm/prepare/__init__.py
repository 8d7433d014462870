"""Stage 2, preparing: from collected documents to numbered tokens that a model can be trained on.

Text is normalized, cleaned of markup and private data, filtered, freed of duplicates, split by
document, and what the evaluation parts hold is cut out of the training part; a byte-level BPE
tokenizer is learned from the training part, and the token ids land in memory-mapped shards.
`minilm.prepare.clean.prepare` is the whole stage in order: it streams, in several processes, and
its memory does not grow with the text. Its rooms, in the order of the work:

- one document: `per_document`, with `normalize`, `privacy`, `filters`, and on request the published
  rules (`gopher`, `c4`, `fineweb`) and `language`; for study `classical`, `quality`, `toxicity`
- all documents: `lines`, `deduplicate` (with `grams` and `minhash`), `split`, `contamination`
- tokens: `bpe` and `tokenizer`; behind the same `interface` `wordpiece`, `unigram`, `characters`;
  `tokenizer_json` for other libraries, `pretrained_tokenizer` and `byte_bpe` for those of others,
  `scorecard` to compare
- shards: `shards` and `shard_index`, `forget` to take documents out, `packing` to fill rows
- what is told: `card` and `datasheet`
- machinery: `parallel`, `corpus`, `scratch`, `parts`
"""
