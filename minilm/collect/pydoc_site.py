"""A web site on every machine: Python's own documentation, served to this machine alone.

`serve_pydoc` answers on 127.0.0.1 with several hundred linked pages: one for each module of the
standard library, made by `pydoc`, and one for each of its help topics, inside the navigation,
notices and footers that pages have. A robots.txt forbids a part. The site keeps a log of all
requests, which is what a crawler has to be judged by; and for each page the text is known that an
extractor should find in it (`known_text`).
"""

import html
import importlib
import importlib.util
import os
import pkgutil
import pydoc
import re
import sys
import sysconfig
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from minilm.collect.loopback import Answer, Site, serve

FORBIDDEN = "/encodings"
ROBOTS = f"User-agent: *\nDisallow: {FORBIDDEN}\n"
# Not imported, because importing them does something: prints a poem, opens a browser or a window,
# takes over the prompt, is replaced by setuptools, or runs or holds tests.
EXCLUDED = {
    *("this", "antigravity", "turtle", "turtledemo", "tkinter", "idlelib", "rlcompleter"),
    *("readline", "distutils", "lib2to3", "test", "xxlimited", "xxlimited_35", "xxsubtype"),
    "pydoc_data",
}
LIBRARY = sysconfig.get_path("stdlib")
MISSING = b"<title>Not found</title>There is no such page."
LICENCE = "https://docs.python.org/3/license.html"
_lock = threading.Lock()  # modules are imported and described one at a time


@contextmanager
def serve_pydoc(robots: str = ROBOTS, crawl_delay: float | None = None) -> Iterator[Site]:
    """Serve the site on a free port of 127.0.0.1 while the with-block runs.

    `robots` is its robots.txt, to which `crawl_delay` adds a line for all robots.
    """
    if crawl_delay is not None:
        robots = f"User-agent: *\nCrawl-delay: {crawl_delay:g}\n{robots}"

    def answer(path: str) -> Answer:
        if path == "/robots.txt":
            return 200, {"Content-Type": "text/plain"}, robots.encode()
        page = page_of(path)
        return 200 if page else 404, {"Content-Type": "text/html; charset=utf-8"}, page or MISSING

    with serve(answer) as site:
        yield site


@cache
def module_names() -> tuple[str, ...]:
    """The documented modules of the standard library that this machine has, none imported."""
    names: list[str] = []
    for name in sorted(sys.stdlib_module_names):
        public = not name.startswith("_") and name not in EXCLUDED
        if public and (spec := importlib.util.find_spec(name)):
            names += [name, *_inside(name, spec.submodule_search_locations or ())]
    return tuple(names)


def _inside(package: str, paths: Iterable[str]) -> Iterator[str]:
    """The public modules inside a package, found by looking at its files."""
    for module in pkgutil.iter_modules(list(paths)):
        if not module.name.startswith("_") and module.name != "test":
            yield f"{package}.{module.name}"
            if module.ispkg:
                name = module.name
                yield from _inside(f"{package}.{name}", [f"{path}/{name}" for path in paths])


@cache
def _topics() -> dict[str, str]:
    """Help topics of the language, such as "assignment" or "with", as plain text."""
    from pydoc_data.topics import topics

    return dict(sorted(topics.items()))


@cache
def page_of(path: str) -> bytes | None:
    """The page at a path of the site, or None when there is none."""
    name = path.strip("/").removesuffix(".html")
    if path == "/":
        return _frame("Python's modules", _list_of(module_names(), "/{}.html"))
    if path == "/topics.html":
        return _frame("Python's help topics", _list_of(_topics(), "/topics/{}.html"))
    if name.startswith("topics/") and (topic := name.removeprefix("topics/")) in _topics():
        return _frame(topic, f"<h1>{html.escape(topic)}</h1>{_paragraphs(_topics()[topic])}")
    if path != f"/{name}.html" or name not in module_names():
        return None
    try:
        return _frame(name, _links_that_work(_document(_Pages(), name)))
    except ImportError:  # a module for another system
        return None


def known_text(path: str) -> str:
    """The main text of a module's or topic's page: pydoc's edition in plain text, or the topic."""
    name = path.strip("/").removesuffix(".html")
    if name.startswith("topics/"):
        return _topics()[name.removeprefix("topics/")]
    return _document(_Text(), name)


def _document(writer: pydoc.Doc, name: str) -> str:
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = importlib.import_module(name)
        text = writer.document(module, name)
    return re.sub(r" at 0x[0-9a-fA-F]+", "", _without_environment(text))


def _without_environment(text: str) -> str:
    """pydoc prints default arguments in full, and some are `os.environ` or where Python lives."""
    return text.replace(repr(os.environ), "environ").replace(LIBRARY, "")


def _value_of(thing: object) -> str:
    """What a page shows of a value: numbers, and of everything else the type alone.

    pydoc shows values in full, and some modules hold what is nobody's business: `os.environ`.
    """
    shown = isinstance(thing, int | float | None.__class__)
    return repr(thing) if shown else f"({type(thing).__name__})"


class _Pages(pydoc.HTMLDoc):
    """pydoc's HTML without paths and values of this machine."""

    def filelink(self, url: str, path: str) -> str:
        return "of the standard library"

    def escape(self, text: str) -> str:
        return super().escape(_without_environment(text))

    def docother(self, thing: object, name: Any = None, mod: Any = None, *ignored: Any) -> str:
        return f"<strong>{html.escape(name or '')}</strong> = {html.escape(_value_of(thing))}"


class _Text(pydoc._PlainTextDoc):  # type: ignore[name-defined, misc]
    """The same pages as plain text."""

    def section(self, title: str, contents: str) -> str:
        return "" if title in ("FILE", "MODULE REFERENCE") else super().section(title, contents)

    def docother(self, thing: object, name: Any = None, *args: Any, **kwargs: Any) -> str:
        return f"{name or ''} = {_value_of(thing)}"


def _links_that_work(page: str) -> str:
    """Keep links to pages of this site and of others; of dead ones keep the words."""

    def mend(link: re.Match[str]) -> str:
        target, words = link["target"], link["words"]
        if target == ".":
            return f'<a href="/">{words}</a>'
        module = target.partition("#")[0].removesuffix(".html")
        works = not module or module in module_names() or target.startswith("http")
        return link[0] if works else words

    return re.sub(r'<a href="(?P<target>[^"]*)">(?P<words>.*?)</a>', mend, page, flags=re.DOTALL)


def _paragraphs(text: str) -> str:
    """A help topic as HTML: paragraphs, headings where a line of signs underlines one, and code."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        lines = block.split("\n")
        if len(lines) == 2 and re.fullmatch(r"([*=~^-])\1+", lines[1]):
            blocks.append(f"<h2>{html.escape(lines[0])}</h2>")
        elif block.startswith("   "):
            blocks.append(f"<pre>{html.escape(block)}</pre>")
        else:
            blocks.append(f"<p>{html.escape(block)}</p>")
    return "\n".join(blocks)


def _list_of(names: Iterable[str], address: str) -> str:
    items = (f'<li><a href="{address.format(name)}">{name}</a></li>' for name in names)
    return f"<ul>{''.join(items)}</ul>"


def _frame(title: str, content: str) -> bytes:
    """Put a page's content into what surrounds it on every page."""
    names = module_names()
    place = names.index(title) if title in names else 0
    near = [names[(place + step) % len(names)] for step in (-3, -2, -1, 1, 2, 3)]
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<title>{html.escape(title)} - Python on this machine</title>
<style>nav, aside, footer {{ color: #555 }}</style>
<script>var page = {{ "title": "{html.escape(title)}", "visits": 1 }};</script></head>
<body>
<header><div class="logo">Python on this machine</div>
<nav class="menu"><a href="/">All modules</a> <a href="/topics.html">Help topics</a>
<a href="/builtins.html">Built-in names</a> <a href="/re.html#top">Most read</a>
<a href="https://docs.python.org/">The real documentation</a></nav></header>
<div class="notice cookie">We would like to remember that you closed this notice.
<button>Accept</button> <button>Decline</button></div>
<main>{content}</main>
<aside class="sidebar"><h3>More like this</h3>{_list_of(near, "/{}.html")}
<p>Subscribe to hear when a module is new.</p></aside>
<footer>Copyright Python Software Foundation. <a rel="license" href="{LICENCE}">Licence</a>.
<a href="#">Back to the top</a></footer>
</body></html>
""".encode()
