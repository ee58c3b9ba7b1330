"""Reads a cabinet with pymodbus and prints what it saw as one JSON object.

usage: read_cabinet.py tcp HOST PORT UNIT | read_cabinet.py rtu DEVICE UNIT
"""

import asyncio
import json
import sys

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient


async def main() -> int:
    if sys.argv[1] == "tcp":
        client = AsyncModbusTcpClient(sys.argv[2], port=int(sys.argv[3]), timeout=2)
    else:
        client = AsyncModbusSerialClient(sys.argv[2], baudrate=115200, timeout=2)
    unit = int(sys.argv[-1])
    if not await client.connect():
        print("no connection", file=sys.stderr)
        return 1
    inputs = await client.read_input_registers(0, count=48, device_id=unit)
    mirror = await client.read_holding_registers(0x0100, count=48, device_id=unit)
    coils = await client.read_coils(0, count=96, device_id=unit)
    discrete = await client.read_discrete_inputs(0, count=72, device_id=unit)
    hole = await client.read_holding_registers(0x0010, count=1, device_id=unit)
    part = await client.write_register(0x0003, 4, device_id=unit)
    both = await client.readwrite_registers(
        read_address=0x0100, read_count=4, write_address=0x0043, values=[12], device_id=unit
    )
    flash = await client.read_holding_registers(0x0043, count=1, device_id=unit)
    client.close()
    print(
        json.dumps(
            {
                "inputs": inputs.registers,
                "mirror": mirror.registers,
                "coils": coils.bits[:96],
                "discrete": discrete.bits[:72],
                "hole": hole.exception_code,
                "part": part.exception_code,
                "both": both.registers,
                "flash": flash.registers,
            }
        )
    )
    return 0


sys.exit(asyncio.run(main()))
