"""Where the console listens, and by which names it may be called.

A page of any web site can make a browser send requests to an address on this machine or network. What it cannot do is to name us rightly:
its Origin names its site, and if the site's name was made to point here (DNS rebinding), the Host header still has that name. So a request
must call us by an IP address, by `localhost`, or by this machine's own name.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from importlib import import_module
from typing import NamedTuple

from hil.errors import UsageError

__all__ = ["Place", "lan_address", "place_of"]

LOOPBACK = "127.0.0.1"
ELSEWHERE = ("192.0.2.1", 9)
"""An address of no machine (RFC 5737): asking which of our addresses would speak to it sends nothing."""
PORTS = {"http": 80, "https": 443}


class Place(NamedTuple):
    """Host and port to bind, and the host that links are made with."""

    host: str
    port: int
    shown: str
    tls: bool = False

    @property
    def scheme(self) -> str:
        """What links begin with."""
        return "https" if self.tls else "http"

    @property
    def loopback(self) -> bool:
        """Whether nobody but this machine can reach it."""
        return _is_loopback(self.host)

    @property
    def url(self) -> str:
        """What links begin with; no slash at the end."""
        host = f"[{self.shown}]" if ":" in self.shown else self.shown
        return f"{self.scheme}://{host}:{self.port}"

    def knows(self, authority: str) -> bool:
        """Whether a Host header may say this."""
        host, port = _parted(authority.lower())
        if port != self.port and not (port is None and self.port == PORTS[self.scheme]):
            return False
        return host in {"localhost", self.shown.lower()} or host in _own_names() or _is_address(host)

    def is_origin(self, origin: str, authority: str) -> bool:
        """Whether a request to that Host came from a page of ours."""
        return origin.lower() == f"{self.scheme}://{authority.lower()}"


def place_of(host: str | None, *, lan: bool, port: int, tls: bool = False) -> Place:
    """What the options --host, --lan and --port mean. Raises UsageError."""
    if host is not None and lan:
        raise UsageError("--host and --lan are both given", where="--lan", do="give one of them")
    bound = "0.0.0.0" if lan else host or LOOPBACK  # noqa: S104  # asked for by --lan
    bound = LOOPBACK if bound == "localhost" else bound
    try:
        family = ipaddress.ip_address(bound)
    except ValueError:
        do = "give an IP address of this machine, or --lan for all of them"
        raise UsageError(f"{bound!r} is no IP address", where="--host", do=do) from None
    if not family.is_unspecified:
        return Place(bound, port, bound, tls)
    return Place(bound, port, lan_address() or LOOPBACK, tls)


def lan_address() -> str | None:
    """The address by which others on the network reach this machine; None where there is none but loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
            found: str = probe.getsockname()[0]
        except OSError:  # a laptop that is its own network has no way out, and still an address
            found = ""
    candidates = [found, *_addresses_by_name(), *_addresses_by_interface()]
    return next((each for each in candidates if each and not _is_loopback(each)), None)


def _addresses_by_name() -> list[str]:
    try:
        return [str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    except OSError:
        return []


def _addresses_by_interface() -> list[str]:
    """What the kernel says of each interface; Linux alone answers this way."""
    try:
        fcntl = import_module("fcntl")
    except ImportError:
        return []

    get_address = 0x8915  # SIOCGIFADDR
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                told = fcntl.ioctl(probe.fileno(), get_address, struct.pack("256s", name.encode()[:15]))
            except OSError:
                continue
            found.append(socket.inet_ntoa(told[20:24]))
    return found


def _parted(authority: str) -> tuple[str, int | None]:
    """Host and port of a Host header; a host that cannot be one is empty."""
    host, colon, port = authority.rpartition(":") if not authority.endswith("]") else (authority, "", "")
    if not colon:
        host = authority
    if host.startswith("["):
        host = host[1:-1] if host.endswith("]") else ""
    elif ":" in host:
        host = ""
    if colon and not (port.isascii() and port.isdecimal() and len(port) <= 5):  # ports have five digits
        return "", None
    return host, int(port) if colon else None


def _own_names() -> set[str]:
    name = socket.gethostname().lower()
    return {name, f"{name}.local", name.partition(".")[0]} - {""}


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
