"""Solutions to the exercises of chapter 11."""

import re
from collections import Counter, defaultdict
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit


def one_address(link, base):
    parts = urlsplit(urljoin(base, link))
    host = parts.netloc.lower().removesuffix(":80")
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    address = f"{parts.scheme.lower()}://{host}{parts.path or '/'}"
    return f"{address}?{query}" if query else address


def may_fetch(rules, path):
    allowed, longest = True, -1
    for kind, pattern in rules:
        end = "$" if pattern.endswith("$") else ""
        matches = re.match(re.escape(pattern.removesuffix("$")).replace(r"\*", ".*") + end, path)
        # The longest pattern decides, and of equally long ones the friendlier.
        if matches and (len(pattern), kind == "Allow") > (longest, allowed):
            allowed, longest = kind == "Allow", len(pattern)
    return allowed


def earliest_starts(hosts, delay):
    waiting = defaultdict(float)
    starts = []
    for host in hosts:
        starts.append(waiting[host])
        waiting[host] += delay
    return starts


def word_scores(found, known):
    found, known = (Counter(re.findall(r"\w+", text.lower())) for text in (found, known))
    right = (found & known).total()  # each word as often as both have it
    return right / max(found.total(), 1), right / max(known.total(), 1)
