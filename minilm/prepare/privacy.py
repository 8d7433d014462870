"""Personal data that a machine can recognize is masked: addresses, and three kinds of numbers.

E-mail addresses, telephone numbers, public IP addresses, payment cards. Each has a form that can be
written down, and two have a test: a card's digits pass the Luhn check, an IP address must be one
that a machine on the internet can have. Versions, dates, prices and ISBNs look alike and stay.

A mask is no proof of privacy. Names, places and what people say of themselves stay in the text; so
do telephone numbers in the local forms of most countries, unless a word says what they are.
"""

import ipaddress
import re

EMAIL, PHONE, IP, CARD = "<email>", "<phone>", "<ip>", "<card>"

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-][\w.+%&'-]{0,63}@(?:[\w-]{1,63}\.){1,4}[A-Za-z]{2,24}\b")

_SEVEN_DIGITS = re.compile(r"\d(?:[ .()/-]{0,3}\d){6}")  # what holds less holds no number to mask
_PHONE = re.compile(
    r"""(?<![\w.,$+-])(?:
        \+(?=(?:[ .()-]{0,2}\d){8})\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,6}  # +49 30 1234 5678
      | (?<!\d[ ])00(?=\ ?[1-9](?:[ .()/-]{0,2}\d){8})(?:[ ./-]?\(?\d{1,8}\)?){2,6}  # 0049 30 1234
      | (?:1[ .-])?(?:\(\d{3}\)\ ?|\d{3}[.-])\d{3}[.-]\d{4}  # (555) 123-4567, 1-555-123-4567
    )(?![\w-])""",
    re.VERBOSE,
)
_NAMED_PHONE = re.compile(  # any country's form, behind a word that says what it is
    r"""\b((?:tele)?(?:phone|fax)|telefon|tel|call|text|dial|mobile|cell|hotline|whatsapp|ring)
        (\ me|\ us|\ him|\ her|\ them)?(\ at|\ on|\ number|\ no)?([.:]{0,2}\ ?)
        (?=\(?0?\)?(?:[ .()/-]{0,2}\d){7})
        \(?\d{1,5}\)?(?:[ ./-]?\(?\d{1,8}\)?){0,5}(?![\w-]|[.,]\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_CARD = re.compile(r"(?<![\w.,$+-])[2-6](?:[ -]?\d){11,18}(?![\w-]|[.,]\d)")
_CARD_LENGTHS = {"2": (16,), "3": (14, 15, 16), "4": (13, 16, 19), "5": (16,), "6": (16, 19)}

_DOT = re.compile(r"\d\.\d{1,3}\.\d")
_IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\w)")
_IPV6 = re.compile(
    r"(?<![\w:.])[23][0-9a-fA-F]{3}:(?:[0-9a-fA-F]{0,4}:){1,6}[0-9a-fA-F]{0,4}(?![\w:])"
)
_NOT_AN_ADDRESS = re.compile(
    r"(?:\bv|version|release|build|section|chapter|clause|paragraph|appendix|article|rule|part|§)\.?\s?\Z",
    re.IGNORECASE,
)


def mask_private(text: str) -> tuple[str, dict[str, int]]:
    """Replace personal data by `<email>`, `<phone>`, `<ip>` and `<card>`; count each kind.

    Masking twice masks nothing more. Sources: RFC 5322 and 1035 for the common form of e-mail
    addresses; E.164 and the North American plan for telephone numbers; RFC 4291 and the registry of
    special addresses for IP; ISO/IEC 7812-1 for cards.
    """
    emails = phones = addresses = cards = 0
    if "@" in text:
        text, emails = _EMAIL.subn(EMAIL, text)
    if _DOT.search(text):
        text, addresses = _replace(_IPV4, IP, is_public_address, text)
    if "::" in text or text.count(":") >= 7:
        text, more = _replace(_IPV6, IP, is_public_address, text)
        addresses += more
    if _SEVEN_DIGITS.search(text):
        text, cards = _replace(_CARD, CARD, is_card, text)
        text, phones = _PHONE.subn(PHONE, text)
        text, more = _NAMED_PHONE.subn(rf"\1\2\3\4{PHONE}", text)
        phones += more
    return text, {"email": emails, "phone": phones, "ip": addresses, "card": cards}


def _replace(pattern: re.Pattern[str], mask: str, is_one: object, text: str) -> tuple[str, int]:
    """Mask what matches the pattern and passes the test; count it."""
    found = 0

    def judge(match: re.Match[str]) -> str:
        nonlocal found
        if not is_one(match):  # type: ignore[operator]
            return match[0]
        found += 1
        return mask

    return pattern.sub(judge, text), found


def is_public_address(match: re.Match[str]) -> bool:
    """Whether a match is an IP address on the internet, and not called a version or a section.

    Addresses of private networks, of the machine itself and of examples name nobody.
    """
    before = match.string[max(0, match.start() - 10) : match.start()]
    try:
        return ipaddress.ip_address(match[0]).is_global and not _NOT_AN_ADDRESS.search(before)
    except ValueError:
        return False


def is_card(match: re.Match[str]) -> bool:
    """Whether a match can be a payment card: a known first digit and length, and a Luhn sum."""
    digits = re.sub(r"\D", "", match[0])
    return len(digits) in _CARD_LENGTHS[digits[0]] and passes_luhn(digits)


def passes_luhn(digits: str) -> bool:
    """Check the last of some digits against the others, as every payment card's is made.

    From the right, every second digit is doubled, and of a result above 9 the digits are added; all
    together must divide by ten. It catches each single wrong digit, and lets one random number in
    ten pass. Source: ISO/IEC 7812-1, annex B.
    """
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        total += digit if place % 2 == 0 else sum(divmod(2 * digit, 10))
    return total % 10 == 0
