"""Where a crawler may connect to: the public internet, and what its owner named.

A link on a strange page may point to 127.0.0.1, to a router or to a cloud's metadata service, and
a name that looks public may resolve there. So a name is resolved once, all its addresses are
checked, and the connection goes to an address that was checked: a name that changes its mind in
between (DNS rebinding) gains nothing.
"""

import socket
import threading
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from minilm.errors import MinilmError

NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits


class FetchError(MinilmError):
    """Why there is no page.

    `again` says whether it may be there later, `wait` the seconds that the server asks to be left
    alone, `n_bytes` what was received in vain.
    """

    def __init__(
        self, reason: str, again: bool = False, wait: float = 0.0, n_bytes: int = 0
    ) -> None:
        super().__init__(reason)
        self.again, self.wait, self.n_bytes = again, wait, n_bytes


def resolve(
    host: str, port: int, allow_private: Collection[str] = (), patience: float = 10.0
) -> list[str]:
    """Return the IP addresses of a host, all of them public unless `allow_private` names the host.

    Raises FetchError when there is none within `patience` seconds, or one that is not public.
    """
    addresses = _look_up(host, port, patience)
    if host not in allow_private:
        for address in addresses:
            if not is_public(address):
                raise FetchError(f"{host} is in a private network ({address})")
    return addresses


def is_public(address: str) -> bool:
    """Whether an IP address, or the IPv4 address inside an IPv6 one, belongs to the internet."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner: list[IPv4Address | None] = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in NAT64:
            inner.append(IPv4Address(int(ip) & 0xFFFFFFFF))
        found = [str(v4) for v4 in inner if v4 is not None]
        if found:
            return all(map(is_public, found))
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast


def _look_up(host: str, port: int, patience: float) -> list[str]:
    """Ask the system's resolver, which has no time limit of its own, in a thread that has one."""
    found: list[str] = []
    errors: list[Exception] = []

    def ask() -> None:
        try:
            for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                found.append(str(address[0]))
        except (OSError, UnicodeError) as error:
            errors.append(error)

    asker = threading.Thread(target=ask, daemon=True)
    asker.start()
    asker.join(patience)
    if not found or asker.is_alive():
        reason = errors[0] if errors else f"no answer in {patience:g} s"
        raise FetchError(f"{host} has no address: {reason}", again=True)
    return list(dict.fromkeys(found))
