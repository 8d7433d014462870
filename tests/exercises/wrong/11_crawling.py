"""Wrong attempts at the exercises of chapter 11, each with words that the answer must contain."""

import re
from collections import Counter
from urllib.parse import urldefrag, urljoin


def all_in_small_letters(link, base):
    return urldefrag(urljoin(base, link)).url.lower()


def fragment_kept(link, base):
    parts = urljoin(base, link).split("/", 3)
    return "/".join([*(part.lower() for part in parts[:3]), *parts[3:]])


def every_port_dropped(link, base):
    address = urldefrag(urljoin(base, link)).url
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host.lower().split(':')[0]}{slash or '/'}{path}"


def first_rule_decides(rules, path):
    for kind, pattern in rules:
        if path.startswith(pattern):
            return kind == "Allow"
    return True


def stars_are_letters(rules, path):
    matching = [rule for rule in rules if path.startswith(rule[1])]
    return max(matching, key=lambda rule: (len(rule[1]), rule[0] == "Allow"), default=("Allow",))[
        0
    ] == ("Allow")


def points_are_anything(rules, path):
    matching = [r for r in rules if re.match(r[1].replace("*", ".*"), path)]
    best = max(matching, key=lambda r: (len(r[1]), r[0] == "Allow"), default=("Allow", ""))
    return best[0] == "Allow"


def one_queue_for_all(hosts, delay):
    return [delay * place for place in range(len(hosts))]


def no_pause(hosts, delay):
    return [0.0 for _ in hosts]


def only_neighbors_wait(hosts, delay):
    starts = []
    for place, host in enumerate(hosts):
        again = place and hosts[place - 1] == host
        starts.append(starts[-1] + delay if again else 0.0)
    return starts


def sets_of_words(found, known):
    found, known = set(found.lower().split()), set(known.lower().split())
    both = len(found & known)
    return both / max(len(found), 1), both / max(len(known), 1)


def swapped(found, known):
    found, known = (Counter(re.findall(r"\w+", t.lower())) for t in (found, known))
    right = (found & known).total()
    return right / max(known.total(), 1), right / max(found.total(), 1)


def divides_by_nothing(found, known):
    found, known = (Counter(re.findall(r"\w+", t.lower())) for t in (found, known))
    right = (found & known).total()
    return right / found.total(), right / known.total()


WRONG = [
    ("one_address", all_in_small_letters, "a path keeps its capitals"),
    ("one_address", fragment_kept, "a fragment names a place in a page"),
    ("one_address", every_port_dropped, "8080 is another server"),
    ("may_fetch", first_rule_decides, "is allowed; you say it is not"),
    ("may_fetch", stars_are_letters, "/file.pdf is forbidden"),
    ("may_fetch", points_are_anything, "/axb is allowed"),
    ("earliest_starts", one_queue_for_all, "three hosts may be asked at once"),
    ("earliest_starts", no_pause, "three pages of one host"),
    ("earliest_starts", only_neighbors_wait, "a a b a b"),
    ("word_scores", sets_of_words, "as often as the known text has it"),
    ("word_scores", swapped, "one word in four does not belong"),
    ("word_scores", divides_by_nothing, "ZeroDivisionError"),
]
