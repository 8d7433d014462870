"""What becomes of an answer: a page to keep, a redirect, a duplicate, a refusal, or nothing."""

import hashlib

from minilm.collect.addresses import host_of, normalize_address
from minilm.collect.budgets import CrawlConfig
from minilm.collect.consent import opt_out_of
from minilm.collect.fetch import Answer
from minilm.collect.frontier import Found, Frontier, Outcome
from minilm.collect.links import links_of
from minilm.collect.warc import WarcWriter, WebPage

Judgment = tuple[Outcome, list[Found]]


def judge(
    found: Found, answer: Answer, config: CrawlConfig, frontier: Frontier, warc: WarcWriter
) -> Judgment:
    """Decide what to do with an answer, keep its page if it is one; return the addresses it gives.

    A page whose owner refuses that machines learn from it is not kept, though its links are
    followed if it lets them be; a page that is equal, byte by byte, to one that was kept is a
    duplicate, and so are its links.
    """
    if answer.status // 100 == 3 and answer.header("Location"):
        target = normalize_address(answer.header("Location"), found.address)
        return _redirect(found, target, config, frontier)
    if answer.status != 200:
        return Outcome("dropped", f"status {answer.status}"), []
    n_bytes = len(answer.body)
    if refusal := opt_out_of(found.address, answer.headers, answer.body):
        return Outcome("opted out", refusal, n_bytes), _links(found, answer, config, frontier)
    digest = hashlib.sha256(answer.body).hexdigest()
    if frontier.kept_as(digest):
        return Outcome("duplicate", "", n_bytes, digest), []
    kind, body = answer.header("Content-Type"), answer.body
    page = WebPage(found.address, answer.status, kind, answer.headers, body, answer.date)
    place = warc.append(page, answer.sent, answer.ip, answer.reason)
    links = _links(found, answer, config, frontier)
    return Outcome("kept", "", n_bytes, digest, place), links


def _redirect(found: Found, target: str, config: CrawlConfig, frontier: Frontier) -> Judgment:
    """A redirect is a link on a short leash; only from a start may it lead to a new host."""
    if not target:
        return Outcome("dropped", "redirect to no address"), []
    if found.redirects >= config.max_redirects:
        return Outcome("dropped", "too many redirects"), []
    if found.depth > 0 and config.stay_on_host and host_of(target) not in frontier.start_hosts():
        return Outcome("dropped", "redirect to another host"), []
    return Outcome("redirect"), [Found(target, found.depth, found.redirects + 1)]


def _links(found: Found, answer: Answer, config: CrawlConfig, frontier: Frontier) -> list[Found]:
    if found.depth >= config.max_depth:
        return []
    hosts = frontier.start_hosts() if config.stay_on_host else None
    links = links_of(found.address, answer.headers, answer.body)
    return [Found(f, found.depth + 1) for f in links if hosts is None or host_of(f) in hosts]
