"""The site has hundreds of pages, keeps a log, harms nothing and gives nothing away."""

import os
import re
import subprocess
import sys
import sysconfig
import urllib.error
import urllib.request

import pytest

from minilm.collect.loopback import Site
from minilm.collect.pydoc_site import (
    EXCLUDED,
    known_text,
    module_names,
    page_of,
    serve_pydoc,
)


def get(site: Site, path: str) -> str:
    with urllib.request.urlopen(site.address.rstrip("/") + path, timeout=30) as answer:
        return answer.read().decode()


def test_the_site() -> None:
    with serve_pydoc(crawl_delay=0.5) as site:
        robots = get(site, "/robots.txt")
        assert "Disallow: /encodings" in robots
        assert "Crawl-delay: 0.5" in robots
        assert 'href="/json.html"' in get(site, "/")
        assert 'href="/topics/with.html"' in get(site, "/topics.html")
        assert "with_stmt" in get(site, "/topics/with.html")
        for missing in ("/none.html", "/this.html", "/topics/none.html", "/json", "/../etc/passwd"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                get(site, missing)
    assert site.log[-1].status == 404


def test_modules_are_listed_without_importing_them() -> None:
    names = module_names()
    assert len(names) > 300
    assert {"json", "json.decoder", "xml.etree.ElementTree", "os.path", "re"} & set(names) >= {
        "json",
        "json.decoder",
        "xml.etree.ElementTree",
    }
    assert not set(names) & EXCLUDED
    assert not [name for name in names if any(part[0] == "_" for part in name.split("."))]


def test_links_lead_to_pages_or_elsewhere() -> None:
    modules = {f"/{name}.html" for name in module_names()}
    for path in ("/json.html", "/logging.html", "/email.html"):
        page = page_of(path)
        assert page
        for target in re.findall(r'<a href="([^"]*)"', page.decode()):
            inside = target.partition("#")[0]
            known = inside in ("", "/", "/topics.html") or inside.startswith("http")
            assert known or "/" + inside.lstrip("/") in modules, target


def test_what_an_extractor_should_find_is_in_the_page() -> None:
    for path in ("/json.html", "/topics/assignment.html"):
        page = (page_of(path) or b"").decode().replace("&nbsp;", " ")
        words = re.findall(r"[a-zA-Z]{4,}", known_text(path))
        assert len(words) > 200
        missing = {word for word in words if word not in page}
        assert missing <= {"NAME", "DESCRIPTION", "CONTENTS", "PACKAGE", "CLASSES", "FUNCTIONS"} | {
            *("DATA", "VERSION", "AUTHOR")
        }
        assert "remember that you closed" not in known_text(path)


ALL_PAGES = """
import os, sys
before = set(sys.modules), sys.stdout, os.getcwd(), dict(os.environ)
from minilm.collect.pydoc_site import module_names, page_of, EXCLUDED, known_text
pages = [page_of(f"/{name}.html") for name in module_names()]
assert sum(page is not None for page in pages) > 250, pages
assert not EXCLUDED & (set(sys.modules) - before[0])
assert (sys.stdout, os.getcwd(), dict(os.environ)) == before[1:]
secret = os.environ["MINILM_TEST_SECRET"].encode()
leaky = [name for name, page in zip(module_names(), pages) if page and (secret in page
         or sys.argv[1].encode() in page)]
assert not leaky, leaky
assert b" at 0x" not in b"".join(filter(None, pages))
assert not any(secret.decode() in known_text(f"/{name}.html") for name in ("cgi", "os")
               if name in module_names())
"""


@pytest.mark.slow
def test_no_page_prints_opens_or_gives_away_anything() -> None:
    environ = os.environ | {"MINILM_TEST_SECRET": "hush-hush-3141592", "BROWSER": "/nonexistent"}
    library = sysconfig.get_path("stdlib")
    done = subprocess.run(
        [sys.executable, "-c", ALL_PAGES, library], env=environ, capture_output=True, timeout=300
    )
    assert done.stderr == b""
    assert done.stdout == b""
    assert done.returncode == 0
