"""The rules of the Colossal Clean Crawled Corpus, C4: keep the lines that are sentences.

Most rules judge a line, not a page: menus, buttons and notices end without a full stop, so what
ends without one goes. A page is left out when too little remains of it, or for what stands in it.

Source: Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
Transformer", JMLR 21(140), section 2.2. The numbers of words and sentences are those of that
article and of its published code (5 words, 3 sentences); an earlier preprint, and datatrove after
it, have 3 words and 5 sentences. The code also drops lines that end with an ellipsis or hold a word
of more than 1,000 characters. C4's last rules live elsewhere: repeated spans are the business of
`deduplicate`, its list of bad words that of `toxicity`, the language that of `language`.
"""

import re

MIN_WORDS_IN_LINE = 5
MIN_SENTENCES = 3
MAX_WORD_LENGTH = 1000
END_MARKS = (".", "?", "!", '"', "'")  # the paper: "or end quotation mark"
ELLIPSIS = "..."
POLICIES = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
)

CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
NOTICE = re.compile("|".join(["javascript", *POLICIES]))
_SENTENCE_END = re.compile(r"[.?!]+[\"'”’)\]]*(?=\s|\Z)")


def c4_reason(
    text: str,
    *,
    min_sentences: int = MIN_SENTENCES,
    min_words_in_line: int = MIN_WORDS_IN_LINE,
) -> str | None:
    """Say why C4 would leave the whole page out, or return None when it stays.

    Sentences are counted in the lines that `keep_lines` keeps.
    """
    if "{" in text:
        return "c4: curly bracket"  # rare in prose, frequent in code
    if "lorem ipsum" in text.lower():
        return "c4: lorem ipsum"
    kept = keep_lines(text, min_words_in_line=min_words_in_line)
    n_sentences = sum(map(count_sentences, kept.split("\n"))) if kept else 0
    if n_sentences < min_sentences:
        return f"c4: fewer than {min_sentences} sentences"
    return None


def keep_lines(text: str, *, min_words_in_line: int = MIN_WORDS_IN_LINE) -> str:
    """Keep the lines that C4 keeps: whole sentences of some length, no notices, no citation marks.

    What remains may be no line at all, an empty text.
    """
    kept = []
    for line in text.splitlines():
        line = line.strip()
        words = line.split()
        if len(words) < min_words_in_line:
            continue
        if len(line) > MAX_WORD_LENGTH and max(map(len, words)) > MAX_WORD_LENGTH:
            continue
        if "[" in line:
            line = CITATION.sub("", line)
        if not line.endswith(END_MARKS) or line.endswith(ELLIPSIS):
            continue
        if not NOTICE.search(line.lower()):
            kept.append(line)
    return "\n".join(kept).strip()


def count_sentences(line: str) -> int:
    """Count the sentences of a line: its end marks, and what stands behind the last of them.

    Abbreviations count as ends, too ("Mr. Smith"): the count is a little high.
    """
    ends = [match.end() for match in _SENTENCE_END.finditer(line)]
    rest = line[ends[-1] :] if ends else line
    return len(ends) + bool(rest.strip())
