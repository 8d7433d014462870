"""Addresses and numbers are masked and counted; dates, years and prices are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.prepare.privacy import mask_private


@pytest.mark.parametrize(
    "address", ["jane@example.org", "j.d+films@mail.example.co.uk", "A_b-1@x-y.museum"]
)
def test_emails(address: str) -> None:
    text, counts = mask_private(f"Write to {address}, or <{address}>.")
    assert text == "Write to <email>, or <<email>>."
    assert counts == {"email": 2, "phone": 0}


@pytest.mark.parametrize(
    "number",
    [
        "555-123-4567",
        "(555) 123-4567",
        "1-800-555-0199",
        "555.123.4567",
        "+49 30 1234 5678",
        "+1 (555) 123-4567",
        "+33 1 42 68 53 00",
    ],
)
def test_phones(number: str) -> None:
    text, counts = mask_private(f"Call {number}!")
    assert text == "Call <phone>!"
    assert counts == {"email": 0, "phone": 1}


@pytest.mark.parametrize(
    "text",
    [
        "from 1861-1865, 1939-1945 and 1990 1991 1992",
        "$1,234,567,890 or 3.141.592.653",
        "on 2026-02-24 at 10.30",
        "rated 8/10 @ the cinema, me@home, @handle, a@b",
        "ISBN 978-0-306-40615-7",
        "$555-123-4567",
    ],
)
def test_what_is_neither(text: str) -> None:
    assert mask_private(text) == (text, {"email": 0, "phone": 0})


@given(st.text("a1@.-+() <>", max_size=40))
def test_masking_twice_masks_nothing_more(text: str) -> None:
    masked, _ = mask_private(text)
    again, counts = mask_private(masked)
    assert again == masked
    assert counts == {"email": 0, "phone": 0}


def test_long_hostile_text_takes_no_time() -> None:
    for text in ("a." * 50_000 + "@", "@" + "a." * 50_000, "+1" + "(55)" * 50_000, "1-" * 50_000):
        mask_private(text)
