"""Many pumps alike from one `pumpsim serve --count N`: each with its own port, name, seed and state folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from hil.errors import UsageError
from protocol.errors import LinkError
from protocol.transport.tcp import split_address

if TYPE_CHECKING:
    from hil.server.process import PumpOptions

__all__ = ["counted", "ports_from"]

PORT_MAX = 65_535


def counted(asked: Iterable[tuple[PumpOptions, int]]) -> tuple[PumpOptions, ...]:
    """So many of each, in order; a pump whose name nobody chose has that of its place among all, pump1 and so on. Raises UsageError."""
    pumps: list[PumpOptions] = []
    for pump, count in asked:
        place = len(pumps) + 1
        pumps += [pump._replace(name=pump.name or f"pump{place}")] if count == 1 else _row(pump, count, place)
    return tuple(pumps)


def ports_from(url: str, count: int) -> list[str]:
    """Ports that count up from one: tcp://HOST:9000, 9001 and so on, port 0 a free one each; pty:./a1, ./a2; pty:./a as pty:./a1.

    Raises UsageError for a port of which there is only one.
    """
    scheme, _, place = url.partition(":")
    if scheme in {"tcp", "rfc2217"} and place.startswith("//"):
        return _network_ports(f"{scheme}://", place[2:], count)
    if scheme == "pty" and place:
        stem, digits = re.fullmatch(r"(.*?)(\d*)", place, re.DOTALL).groups()  # type: ignore[union-attr]  # fits every text
        first = int(digits or 1)
        return [f"pty:{stem}{number:0{len(digits)}d}" for number in range(first, first + count)]
    raise UsageError(f"{count} pumps do not fit on {url}", where="--count", do="use --port tcp://127.0.0.1:0 or --port pty:./pump1")


def _row(pump: PumpOptions, count: int, place: int) -> list[PumpOptions]:
    """Pumps like this one, of which the first is at this place among all. Raises UsageError."""
    if pump.capture is not None:
        raise UsageError("a capture is of one pump", where="--capture", do="leave it out, or serve that pump by an --and of its own")
    if pump.grade is not None:
        raise UsageError("a report is of one programmer", where="--grade", do="leave it out, or serve that pump by an --and of its own")
    names = [f"{pump.name}{number}" for number in range(1, count + 1)] if pump.name else [f"pump{place + more}" for more in range(count)]
    ports = ports_from(pump.port, count)
    balances = ports_from(pump.balance, count) if pump.balance else [""] * count
    folders = [None if pump.state is None else pump.state / name for name in names]
    each = enumerate(zip(names, ports, balances, folders, strict=True), start=pump.seed or 0)
    return [pump._replace(seed=seed, name=name, port=port, balance=balance, state=state) for seed, (name, port, balance, state) in each]


def _network_ports(scheme: str, place: str, count: int) -> list[str]:
    try:
        host, first = split_address(place, scheme.partition(":")[0])
    except LinkError as error:
        raise UsageError(str(error), where="--port") from None
    shown = f"[{host}]" if ":" in host else host
    last = first + count - 1 if first else 0
    if last > PORT_MAX:
        raise UsageError(f"ports {first} to {last}, {PORT_MAX} is the last", where="--count", do="begin lower, or use port 0")
    return [f"{scheme}{shown}:{first + place if first else 0}" for place in range(count)]
