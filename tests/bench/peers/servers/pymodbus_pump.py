"""A pump in pymodbus: its status in holding registers. `pymodbus_pump.py rtu PTY` or `pymodbus_pump.py tcp` prints where it is."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys

from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer

REGISTERS = 34
"""Two bytes each: with the head about as long as an authenticated STATUS."""


async def main(kind: str, place: str) -> None:
    """Serve for ever."""
    logging.disable(logging.CRITICAL)
    context = ModbusServerContext(ModbusDeviceContext(hr=ModbusSequentialDataBlock(1, [7] * 100)), single=True)
    if kind == "rtu":
        server: ModbusSerialServer | ModbusTcpServer = ModbusSerialServer(context, framer=FramerType.RTU, port=place, baudrate=115_200)
    else:
        with socket.create_server(("127.0.0.1", 0)) as free:
            place = str(free.getsockname()[1])
        server = ModbusTcpServer(context, address=("127.0.0.1", int(place)))
    sys.stdout.write(f"{place}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], (sys.argv[2:] or [""])[0]))
