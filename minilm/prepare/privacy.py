"""Personal data that a machine can recognize is masked: e-mail addresses and telephone numbers.

A mask is no proof of privacy. Names, places and what people say of themselves stay in the text; so
do numbers without an international prefix or the American form (three, three and four digits).
"""

import re

EMAIL, PHONE = "<email>", "<phone>"

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,4}[A-Za-z]{2,24}\b")
_PHONE = re.compile(
    r"""(?<![\w.,$+-])(?:
        \+(?=(?:[ .()-]{0,2}\d){8})\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,6}  # +49 30 1234 5678
      | (?:1[ .-])?(?:\(\d{3}\)\ ?|\d{3}[.-])\d{3}[.-]\d{4}  # (555) 123-4567, 1-555-123-4567
    )(?![\w-])""",
    re.VERBOSE,
)


def mask_private(text: str) -> tuple[str, dict[str, int]]:
    """Replace e-mail addresses by `<email>` and telephone numbers by `<phone>`; count them."""
    emails = phones = 0
    if "@" in text:
        text, emails = _EMAIL.subn(EMAIL, text)
    text, phones = _PHONE.subn(PHONE, text)
    return text, {"email": emails, "phone": phones}
