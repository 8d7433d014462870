"""One way to write each text: the same letters, line ends and spaces, and no remnants of HTML."""

import html
import re
import unicodedata

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_ODD_LINE_END = re.compile("[\r\v\f\x1c-\x1e\x85\u2028\u2029]")  # the same, found sooner
# Control characters, and what has no width: soft hyphen, zero-width space, word joiner, marks of
# direction, byte order mark; also halves of surrogate pairs. The joiners U+200C and U+200D stay,
# because Persian, Indic scripts and emoji are spelled with them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
# Runs of spaces that are not yet one space: what is right already is not written again.
_SPACES = re.compile(r"[^\S\n ][^\S\n]*| [^\S\n]+")
_SPACES_AT_LINE_ENDS = re.compile(" \n ?|\n ")
_BLANK_LINES = re.compile("\n{3,}")

_BREAKS = "br|p|div|li|ul|ol|tr|h[1-6]|hr|blockquote|table"
_INLINE = "a|b|i|u|s|em|strong|font|span|small|big|sub|sup|code|pre|td|th|tt|img|spoiler"
_BREAKING_TAG = re.compile(rf"</?(?:{_BREAKS})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?(?:{_INLINE})(?:\s[^<>]*)?/?>", re.IGNORECASE)


def normalize(text: str) -> str:
    """Write a text in the one form that all others have.

    Unicode NFC (one code for é, not two), line feeds as the only line ends, no control or
    invisible characters, single spaces, at most one blank line in a row, nothing at either end.
    Normalizing twice changes nothing more. Source: Unicode Standard Annex 15 for NFC.
    """
    # Each step is guarded by a quick look whether it has anything to do: most have not.
    if _ODD_LINE_END.search(text):
        text = _LINE_ENDS.sub("\n", text)
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    if "  " in text or "\t" in text or not text.isascii():
        text = _SPACES.sub(" ", text)
    if " \n" in text or "\n " in text:
        text = _SPACES_AT_LINE_ENDS.sub("\n", text)
    if "\n\n\n" in text:
        text = _BLANK_LINES.sub("\n\n", text)
    return text.strip()


def strip_html(text: str) -> str:
    """Remove what is left of HTML: entities become characters, `<br>` and its like line feeds.

    Only names of real tags count as tags, so "a < b" and "<unknown>" stay as they are.
    """
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _INLINE_TAG.sub("", _BREAKING_TAG.sub("\n", text))
    return text
