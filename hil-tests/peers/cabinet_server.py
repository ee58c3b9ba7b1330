"""A cabinet with the canonical map, served by pymodbus: it takes what it is told and says so.

It has no interlock; it is here to see whether our link speaks Modbus and the map as others read
them. Each accepted command is printed as one JSON line.

usage: cabinet_server.py tcp PORT UNIT CONFIG_HASH | cabinet_server.py rtu DEVICE UNIT CONFIG_HASH
"""

import asyncio
import json
import sys
import time

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

STARTED = time.monotonic()
SIZE = 0x0160


def crc16(data: bytes) -> int:
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021) & 0xFFFF if crc & 0x8000 else (crc << 1) & 0xFFFF
    return crc


class Cabinet:
    def __init__(self, config_hash: int) -> None:
        self.block = [0] * 48
        self.block[0:4] = [0x5443, 0x0100, 1, 0]
        self.block[9] = 8
        self.hash = config_hash

    def scan(self) -> None:
        self.block[3] = (self.block[3] + 1) & 0xFFFF
        uptime = int((time.monotonic() - STARTED) * 1000)
        self.block[4:6] = [uptime >> 16 & 0xFFFF, uptime & 0xFFFF]

    def command(self, words: list[int]) -> bool:
        raw = b"".join(word.to_bytes(2, "big") for word in words[:15])
        if crc16(raw) != words[15] or words[0:2] != self.block[6:8]:
            return False
        self.block[8] = words[2]
        self.block[9] = words[3]
        self.block[16:24] = words[6:14]
        self.block[24:32] = words[6:14]
        print(json.dumps({"seq": words[2], "mode": words[3], "lamps": words[6:14]}), flush=True)
        return True

    async def act(self, function, start, address, count, registers, values):
        if values is not None and function in (16, 23):
            if address == 0 and not self.command(list(values)):
                return ExcCodes.ILLEGAL_VALUE
            if address == 0x0020:
                self.block[6:8] = values[0:2]
        self.scan()
        base = 0 if function == 4 else 0x0100
        registers[base - start : base - start + 48] = self.block
        if function != 4:
            registers[0x0045 - start : 0x0047 - start] = [self.hash >> 16, self.hash & 0xFFFF]
        return None


async def main() -> None:
    transport, place, unit, config_hash = sys.argv[1:5]
    cabinet = Cabinet(int(config_hash))

    def registers() -> list[SimData]:
        return [SimData(0, count=SIZE, values=0, datatype=DataType.REGISTERS)]

    def bits() -> list[SimData]:
        return [SimData(0, count=8, values=False, datatype=DataType.BITS)]

    device = SimDevice(
        id=int(unit),
        simdata=(bits(), bits(), registers(), registers()),
        action=cabinet.act,
    )
    if transport == "tcp":
        server = ModbusTcpServer(device, address=("127.0.0.1", int(place)))
    else:
        server = ModbusSerialServer(
            device, framer=FramerType.RTU, port=place, baudrate=115200
        )
    print(json.dumps({"ready": True}), flush=True)
    await server.serve_forever()


asyncio.run(main())
