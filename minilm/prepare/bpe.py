"""Byte-pair encoding: start from single bytes and join the most frequent pair, again and again.

Three steps, each fast enough in plain Python for tens of megabytes:

1. `count_words` cuts the texts into words (GPT-2's pattern) and counts the different ones. All that
   follows works on the different words, a hundred times fewer than the words of the text.
2. `train_bpe` joins pairs. Every token is one character of a Python string, so that joining a pair
   everywhere in a word is one `str` operation, and the counts change only beside the joint.
3. What is most frequent next comes from a heap that is corrected lazily: counts of existing pairs
   only ever fall, so an entry is an upper bound and is checked when it comes out on top.

Sources: Sennrich, Haddow and Birch 2016 (arXiv:1508.07909) for the algorithm; Radford et al. 2019
(GPT-2) for bytes as the alphabet and for the pattern.
"""

import heapq
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, pairwise

import regex
from tqdm import tqdm

from minilm.errors import MinilmError

PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""GPT-2's words: endings like 's; a run of letters, digits or signs with the space before it;
what is left of white space."""

BYTE_ORDER = bytes([*range(33, 127), *range(161, 173), *range(174, 256)])
BYTE_ORDER += bytes(byte for byte in range(256) if byte not in BYTE_ORDER)
"""The 256 bytes in GPT-2's order: those that print first (! to ~, ¡ to ÿ), then the others."""

_find_words = regex.compile(PATTERN).findall
_split_at_word_starts = regex.compile(r"(?<=\S) | (?=\S)").split
_space_inside_white_space = re.compile(r" (?<=\s )(?!\S)").search


def split_words(text: str, pattern: str = PATTERN) -> list[str]:
    """Cut a text into words that no token may cross.

    Raises MinilmError when a pattern of your own does not cover the whole text.
    """
    if pattern == PATTERN:
        return _find_words(text)
    words = [match.group() for match in regex.finditer(pattern, text)]
    if "".join(words) != text:
        raise MinilmError(f"The pattern {pattern!r} loses characters between its words.")
    return words


def split_at_spaces(text: str) -> list[str]:
    """Cut a text at those single spaces where GPT-2's pattern always begins a new word.

    A space that touches a visible character on either side begins a word: the character before it
    has ended one, and the character after it takes exactly one space along. So the space is dropped
    here and belongs to the chunk that follows it:

        split_words(text) == split_words(first) + split_words(" " + second) + ...

    Nearly every text has only such spaces, and `str.split` finds them fastest.
    """
    if _space_inside_white_space(text):
        return _split_at_word_starts(text)
    return text.split(" ")


def count_words(texts: Iterable[str]) -> dict[bytes, int]:
    """Count the different words of the texts, as UTF-8 bytes.

    The costly pattern sees each different chunk between spaces once, however often it occurs.
    """
    firsts: Counter[str] = Counter()
    chunks: Counter[str] = Counter()
    for text in texts:
        first, *others = split_at_spaces(text)
        firsts[first] += 1
        chunks.update(others)
    counts: dict[str, int] = defaultdict(int)
    for prefix, counter in (("", firsts), (" ", chunks)):
        for chunk, count in counter.items():
            for word in _find_words(prefix + chunk):
                counts[word] += count
    return {to_utf8(word): count for word, count in counts.items()}


def to_utf8(word: str) -> bytes:
    """Encode a word; halves of surrogate pairs, which UTF-8 cannot hold, are joined or become �."""
    try:
        return word.encode()
    except UnicodeEncodeError:
        return word.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def train_bpe(
    word_counts: Mapping[bytes, int], vocab_size: int, *, min_count: int = 2, progress: bool = False
) -> list[tuple[bytes, bytes]]:
    """Learn the merges, most frequent pair first, until the vocabulary has `vocab_size` tokens.

    Tokens 0 to 255 are the bytes; each merge adds one. Among equally frequent pairs the one of the
    earlier tokens wins (first the left, then the right one; bytes in `BYTE_ORDER`, then merges by
    age). This is the rule of the `tokenizers` library, whose merges are therefore the same.
    Training stops early when no pair occurs `min_count` times: the list is then shorter.

    Raises MinilmError when `vocab_size` is below 256 or there are no words.
    """
    if vocab_size < 256:
        raise MinilmError(f"vocab_size is {vocab_size}, but the 256 bytes alone are 256 tokens.")
    if not word_counts:
        raise MinilmError("There is no text to train a tokenizer on. Give it at least one word.")
    joiner = PairJoiner(spell(word_counts), min_count)
    tokens = [bytes([byte]) for byte in BYTE_ORDER]
    merges = []
    n_merges = vocab_size - 256
    pairs = islice(joiner, n_merges)
    for pair in tqdm(pairs, "merges", n_merges, unit="merge", disable=not progress):
        left, right = (tokens[ord(token)] for token in pair)
        merges.append((left, right))
        joiner.join(pair, chr(len(tokens)))
        tokens.append(left + right)
    return merges


def spell(word_counts: Mapping[bytes, int]) -> dict[str, int]:
    """Write each byte of the words as one character, whose number is its place in `BYTE_ORDER`."""
    place_of_byte = bytes(BYTE_ORDER.index(byte) for byte in range(256))
    return {w.translate(place_of_byte).decode("latin-1"): n for w, n in word_counts.items()}


class PairJoiner:
    """The words while they grow together: each token one character, each pair two.

    `words[i]` occurs `word_counts[i]` times; `counts[pair]` is how often the pair occurs in all;
    `places[pair]` lists the words that had the pair when it arose. A word may have lost it since,
    or be listed twice: then the pair is not in the word any more, and the word is passed over.
    """

    def __init__(self, word_counts: Mapping[str, int], min_count: int = 2) -> None:
        self.words = list(word_counts)
        self.word_counts = list(word_counts.values())
        self.min_count = min_count
        self.counts: dict[str, int] = {}
        self.places: dict[str, list[int]] = defaultdict(list)
        self.heap: list[tuple[int, str]] = []
        for index, word in enumerate(self.words):
            for left, right in pairwise(word):
                self.places[left + right].append(index)
        for pair, places in self.places.items():
            self._enter(pair, places)

    def _enter(self, pair: str, places: list[int]) -> None:
        """Record a pair that has just arisen in the words at `places`."""
        self.counts[pair] = sum(map(self.word_counts.__getitem__, places))
        if self.counts[pair] >= self.min_count:
            self.places[pair] = places
            heapq.heappush(self.heap, (-self.counts[pair], pair))

    def __iter__(self) -> Iterator[str]:
        """Yield the most frequent pair, again after each `join`, until none is frequent enough."""
        while self.heap:
            bound, pair = heapq.heappop(self.heap)
            count = self.counts.get(pair, 0)
            if count == -bound:
                yield pair
            elif count >= self.min_count:
                heapq.heappush(self.heap, (-count, pair))

    def join(self, pair: str, new: str) -> None:
        """Replace the pair by the token `new` in every word, and correct the counts beside it."""
        before: dict[str, list[int]] = defaultdict(list)  # left neighbor -> words, once per joint
        after: dict[str, list[int]] = defaultdict(list)  # right neighbor -> words
        for index in self.places.pop(pair):
            parts = self.words[index].split(pair)
            if len(parts) == 1:
                continue
            self.words[index] = new.join(parts)
            for left, right in pairwise(parts):
                if left:
                    before[left[-1]].append(index)
                if right:
                    after[right[0]].append(index)
            for _ in range(parts[1:-1].count("")):  # two joints side by side
                after[new].append(index)
        for neighbor, places in before.items():
            self._exchange(neighbor + pair[0], neighbor + new, places)
        for neighbor, places in after.items():
            was = pair[0] if neighbor == new else neighbor
            self._exchange(pair[1] + was, new + neighbor, places)
        del self.counts[pair]

    def _exchange(self, old: str, new: str, places: list[int]) -> None:
        """Turn every occurrence of the pair `old` at `places` into the pair `new`."""
        self._enter(new, places)
        self.counts[old] -= self.counts[new]
