"""A labelled set for masking: sentences with personal data that must go, and others that must stay.

Everything here is made up for the purpose: addresses at reserved or invented domains, telephone
numbers mostly from ranges that are kept free for fiction, card numbers that payment companies
publish for tests. About half of the cases are meant to be difficult. After the first count the
patterns were changed in two places (marks like ' and % in addresses; "build" before a version);
what they still miss or take wrongly was left in: a score of 100 % would say more about the set.

`private_cases()` returns them all: each value of `VALUES` stands in two sentences of its kind, and
each line of `HARMLESS` holds nothing that should be masked. Braces in a value show which part of it
is private, where not all of it is.
"""

import re
from dataclasses import dataclass

from minilm.prepare.privacy import CARD, EMAIL, IP, PHONE, mask_private

MASKS = {"email": EMAIL, "phone": PHONE, "ip": IP, "card": CARD}

SENTENCES = {
    "email": ["Write to {}.", "Contact: {}", "<{}> wrote:", "({}), see the credits", "{} is mine",
              'author="{}"', "Ask {}, please", "You can reach the director at {} or not at all."],
    "phone": ["Call {} tonight.", "Tel. {}", "My number is {}, thanks", "{} (home)", "Fax: {}",
              "I gave him {} on a napkin.", "Phone number {}.", "Reach me under {} until six."],
    "ip": ["Blocked {} for vandalism.", "Connection from {} refused", "[{}] logged in",
           "the server at {} is slow", "ping {}", "{}, a crawler,", "Posted by {}.", "host={}"],
    "card": ["Card number {}.", "charge {} please", "Visa {}, valid until May", "{}",
             "My card ({}) was stolen", "CC: {}", "pay with {} today", "number={}"],
}  # fmt: skip

VALUES = {
    "email": """
        jane@example.org|j.doe@example.com|jane.q.doe+films@mail.example.co.uk|x@y.museum
        A_B-c@sub.domain.example.net|1234@example.org|info@film-club.example|o'brien@example.ie
        jürgen@example.de|user@münchen.example|webmaster@example.info|first.last@example.travel
        jane@EXAMPLE.ORG|a@b.co|no-reply@shop.example.com|jane%films@example.org|me@x-1.example.eu
        "jane doe"@example.org|jane@[203.0.113.7]|jane at example.org|jane (at) example (dot) org
        jane@example,org|jane AT example DOT org|jane@localhost|jane@example . org
        jane#x@example.org|list-owner@lists.example.edu|jane@example.photography|j@example.io|jane=doe@example.org
    """,
    "phone": """
        555-0123|(555) 555-0123|555-555-0123|555.555.0123|1-800-555-0199|+1 555 555 0123
        555 555 0123|5555550123|+15555550123|+44 20 7946 0958|020 7946 0958|(020) 7946 0958
        +44 (0)20 7946 0958|07700 900123|0161 496 0000|+49 30 23125 000|030 23125 000|030/23125-000
        0049 30 23125000|+49-30-23125000|+33 1 99 00 12 34|01 99 00 12 34|06.39.98.12.34
        +61 2 5550 1234|(02) 5550 1234|0491 570 156|+353 20 910 1234|+46 8 465 004 00|08-465 004 00
        +81 3 1234 5678|03-1234-5678|+91 98765 43210|98765 43210|+55 11 91234-5678|(11) 91234-5678
        +86 138 0013 8000|138 0013 8000|+7 495 123-45-67|8 (495) 123-45-67|555 CASH NOW|five five
        +31 20 123 4567|020-123 4567|+48 22 123 45 67|22 123 45 67|+41 44 668 18 00|044 668 18 00
    """,
    "ip": """
        8.8.8.8|93.184.216.34|185.199.108.153|151.101.1.69|1.1.1.1|172.217.16.14|100.42.7.9
        208.80.154.224|{8.8.4.4}:53|{93.184.216.34}/24|http://{93.184.216.34}/|ip-93-184-216-34
        2001:4860:4860::8888|2606:4700:4700::1111|2a00:1450:4001:82b::200e|[{2606:4700::6810:84e5}]:443
        2001:4860:4860:0:0:0:0:8844|2606:4700:4700:0000:0000:0000:0000:1001|2a02:26f0:fe::5c7a
        2600:1901:0:38d7::|8.8.8.008|93 . 184 . 216 . 34
    """,
    "card": """
        4111 1111 1111 1111|4111111111111111|4111-1111-1111-1111|4012888888881881|4222222222222
        5555555555554444|5555 5555 5555 4444|5105105105105100|2223003122003222|2223 0031 2200 3222
        378282246310005|3782 822463 10005|371449635398431|6011111111111117|6011 0009 9013 9424
        30569309025904|3056 930902 5904|3530111333300000|3566 0020 2036 0505|6200000000000005
        4111 11111 1111 111|41111111 11111111|4111.1111.1111.1111|4111_1111_1111_1111
    """,
}

HARMLESS = """
    The war of 1861-1865 cost 620,000 lives, that of 1914-1918 some 17,000,000.
    In 1812, 1846, 1898 and 1917 the Congress declared war.
    The receipts of 1838 were $39,019,382.60, the expenditures $39,455,438.35.
    A deficit of $1,234,567,890 or 3.141.592.653 as others write it.
    ISBN 978-0-306-40615-7, in paperback 0-306-40615-2.
    ISBN 9783161484100 and ISSN 2049-3630
    On 2026-02-24 at 10:30:45, not on 02/24/2026 or 24.02.2026.
    From 2026-02-24T10:30:45.123456 to 20260224T103045Z
    Version 1.2.3.4 replaces version 1.2.3.3.
    Python 3.11.4.1 and v2.10.0.1 are out.
    See section 4.3.2.1 and chapter 2.1.1.3.
    As § 5.4.3.2 says, and rule 1.10.2.3, too.
    Release 10.4.11.2 of 2019
    OpenSSL 1.0.2.7 had a flaw.
    The build 8.1.4.22 crashes.
    Listen on 127.0.0.1 or 0.0.0.0, port 8080.
    The router is 192.168.1.1, the printer 10.0.0.17.
    The mask is 255.255.255.0.
    In the example 192.0.2.44 and 203.0.113.7 stand for any address.
    It is no address: 256.300.1.1, 1.2.3, 1.2.3.4.5.
    fe80::1 and ::1 and fd12:3456:789a::1 stay at home.
    The prefix 2001:db8::/32 is kept for examples.
    std::vector and Foo::Bar::baz and a::b
    At 10:30:45:10 the tape ends, at 01:02:03:04:05:06:07:08 the world.
    The MAC address 00:1B:44:11:3A:B7 names a machine.
    2001: A Space Odyssey; 2010: The Year We Make Contact
    Psalm 23:1-6, John 3:16, Mark 4:35-41
    @handle, me@home, a@b, 2 @ 5 dollars, rated 8/10 @ the cinema
    C@tch me, $h@ft, p@ssw0rd
    Mail me. at example. Org charts are dull.
    user@ and @example.org are halves.
    x = a@b.T + c@d.inv
    git@github.com:user/project.git is where the code is.
    Population 331,449,281 in 2020, 308 745 538 in 2010.
    The mountain is 8848 m, the trench 10 994 m, the moon 384 400 km away.
    1 000 000 000 people and 7 000 000 000 dollars
    Pi is 3.14159265358979, e is 2.718281828459045.
    6.02214076e23 and 1.380649e-23 and 299792458
    The code 123-45 and the part 12-3456 fit.
    ZIP 20500-0003, P.O. Box 12345
    My zip is 90210-1234, yours 10118-0110.
    Flight 4111 left, gate 22, seat 14C, 1,111 miles.
    Order 4111111111111112 has been shipped.
    Order no. 1234567812345670 passes Luhn and begins with a one.
    Tracking 9400110200881234567890
    Invoice 2024-000123-4567, customer 0012-3456
    IBAN DE89 3704 0044 0532 0130 00
    EAN 4006381333931 is on the pencil.
    Serial number 4012888888881880
    The hash 4532015112830366a8f1 is no card.
    0.4111111111111111 of all, 4111111111111111.5 pieces
    Call 911, or 112 in Europe; tel. 110 in Germany.
    Call of Duty 4, phone booth, Dial M for Murder (1954)
    The call of 1990 to 1995 came; text 2019 below.
    Dial 2 for English and 3 for French.
    He made 300 calls in 2008, 2009 and 2010 alone.
    Chapters 1-2-3-4-5-6-7-8-9-10 in a row
    They won 3-1, 4-2, 2-2, 5-0, 1-1 and 6-3.
    Act 555, scene 123-4567a
    Resolution 242 (1967), 338 (1973), 1397 (2002)
    Public Law 104-191, 110 Stat. 1936
    Executive Order 13526; 42 U.S.C. 1983-1988
    Bill H.R. 1234, S. 5678, H.J.Res. 91
    Article 10.1.2.1 of the treaty
    Coordinates 40.712776, -74.005974
    Lat 52.5200066 lon 13.404954
    Model 3000-1200-55, size 10-12-14
    1-2 teaspoons, 350-400 degrees, 20-25 minutes
    (1998) 105-minute cut, (2001) 148-minute cut
    007 is back; 0-0-7, they say.
    1.000.000 Euro, 2.500.000.000 Lire
    The 50/50/90 rule, 24/7/365
    SHA 1f3870be274f6c49b3e31a0c6728957f
    Ticket 2026-000-1234567
    The years +1900 and +2000 are offsets; +5 or +10 points.
    Stars: 4+5+3+2 = 14
    UTC+01:00 and GMT-0500
    RFC 5322, 1035, 4291, 791
    Ports 80, 443, 8080, 27017
    0x7fff5fbff8c8 is a pointer.
"""


@dataclass(frozen=True)
class Case:
    """One text; what it should become; and which kind of data it holds, "" for none."""

    text: str
    masked: str
    kind: str


def private_cases() -> list[Case]:
    """Return all labelled cases, those with data first."""
    cases = []
    for kind, values in VALUES.items():
        sentences = SENTENCES[kind]
        for place, value in enumerate(split(values, "|")):
            shown = value.replace("{", "").replace("}", "")
            masked = re.sub(r"\{.*\}" if "{" in value else ".+", MASKS[kind], value)
            for sentence in (sentences[place % 8], sentences[(place + 3) % 8]):
                cases.append(Case(sentence.format(shown), sentence.format(masked), kind))
    return cases + [Case(text, text, "") for text in split(HARMLESS, "\n")]


def split(text: str, mark: str) -> list[str]:
    """Split a table of values at a mark and at line ends; drop what is empty."""
    parts = text.replace("\n", mark).split(mark)
    return [part.strip() for part in parts if part.strip()]


def score_masks(cases: list[Case]) -> dict[str, dict[str, int]]:
    """Mask all cases; count for each kind what was found, what was missed, what was masked wrongly.

    Found means: masked, and the rest of the text untouched. Precision is found / (found + wrong),
    recall is found / (found + missed).
    """
    scores = {kind: {"found": 0, "missed": 0, "wrong": 0} for kind in MASKS}
    for case in cases:
        text, counts = mask_private(case.text)
        found = text == case.masked
        if case.kind:
            scores[case.kind]["found" if found else "missed"] += 1
        for kind, count in counts.items():
            scores[kind]["wrong"] += count - (kind == case.kind and found)
    return scores
