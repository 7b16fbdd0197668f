"""Ways to the pump, chosen by URL."""

from __future__ import annotations

from protocol.transport.base import Transport

__all__ = ["Transport", "open_transport"]


def open_transport(url: str, *, exclusive: bool = True) -> Transport:
    """Open `pty:PATH`, `serial:PATH`, a bare path, `tcp://HOST:PORT`, `rfc2217://HOST:PORT`, or any URL that pyserial has a handler for.

    `exclusive` locks a serial port or pty against other programs that lock too. Raises PortMissing, PortBusy, LinkError.
    """
    if url.startswith("tcp://"):
        from protocol.transport.tcp import TcpTransport

        return TcpTransport(url.removeprefix("tcp://"))
    if url.startswith("rfc2217://"):
        from protocol.transport.rfc2217 import Rfc2217Transport

        return Rfc2217Transport(url)
    from protocol.transport.serial_port import open_serial, open_url

    if "://" in url:
        return open_url(url)
    if url.startswith("pty:"):
        return open_serial(url.removeprefix("pty:"), pseudo=True, exclusive=exclusive)
    return open_serial(url.removeprefix("serial:"), pseudo=False, exclusive=exclusive)
