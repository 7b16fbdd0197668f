"""A TCP relay that loses the pump's answer to one message, and the connection with it."""

from __future__ import annotations

import socket
import threading

from protocol.framing import Frame, FrameDecoder
from protocol.message_table import BY_NAME

__all__ = ["CuttingProxy"]

CHUNK = 4096
WAIT_S = 30.0


class CuttingProxy:
    """Relays one client to a pump's TCP port until `message` is asked: that request arrives, and its answer goes nowhere."""

    def __init__(self, pump_url: str, message: str) -> None:
        host, _, port = pump_url.removeprefix("tcp://").rpartition(":")
        self._pump = (host, int(port))
        self._opcode = BY_NAME[message].opcode
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._relay, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until the relay has ended."""
        self._thread.join(WAIT_S)
        self._listener.close()

    def _relay(self) -> None:
        """One request, one answer, in turn: the wire is stop-and-wait."""
        decoder = FrameDecoder()
        client, _ = self._listener.accept()
        with client, socket.create_connection(self._pump, timeout=WAIT_S) as pump:
            while request := client.recv(CHUNK):
                pump.sendall(request)
                asked = [item.opcode for item in decoder.feed(request) if isinstance(item, Frame)]
                if asked:
                    answer = self._whole(pump)
                    if self._opcode in asked:
                        return
                    client.sendall(answer)

    @staticmethod
    def _whole(pump: socket.socket) -> bytes:
        """One whole answer."""
        answer = b""
        while not answer.endswith(b"\0"):
            answer += pump.recv(CHUNK)
        return answer
