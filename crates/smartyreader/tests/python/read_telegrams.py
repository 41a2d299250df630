"""Reads telegrams as Home Assistant's `dsmr` does, with the package dsmr-parser.

python read_telegrams.py HOST:PORT COUNT     over TCP
python read_telegrams.py /dev/…    COUNT     from a serial port

Prints one JSON line a telegram.
"""

import asyncio
import json
import sys

from dsmr_parser import telegram_specifications
from dsmr_parser.clients import SERIAL_SETTINGS_V5, SerialReader
from dsmr_parser.clients.protocol import create_tcp_dsmr_reader


def thousandths(value):
    """kWh and kW have three decimals; as integers they can be compared."""
    return int(value.value * 1000)


def tell(telegram):
    line = {
        "time": int(telegram.P1_MESSAGE_TIMESTAMP.value.timestamp()),
        "energy_import_wh": thousandths(telegram.ELECTRICITY_IMPORTED_TOTAL),
        "energy_export_wh": thousandths(telegram.ELECTRICITY_EXPORTED_TOTAL),
        "power_import_w": thousandths(telegram.CURRENT_ELECTRICITY_USAGE),
        "power_export_w": thousandths(telegram.CURRENT_ELECTRICITY_DELIVERY),
    }
    print(json.dumps(line), flush=True)


async def over_tcp(host, port, count):
    enough = asyncio.Event()
    seen = 0

    def callback(telegram):
        nonlocal seen
        seen += 1
        if seen <= count:
            tell(telegram)
        if seen >= count:
            enough.set()

    transport, _ = await create_tcp_dsmr_reader(host, port, "5L", callback)
    await asyncio.wait_for(enough.wait(), 60)
    transport.close()


def from_port(device, count):
    reader = SerialReader(device, SERIAL_SETTINGS_V5, telegram_specifications.LUXEMBOURG_SMARTY)
    for number, telegram in enumerate(reader.read()):
        tell(telegram)
        if number + 1 == count:
            return


def main():
    target, count = sys.argv[1], int(sys.argv[2])
    if target.startswith("/"):
        from_port(target, count)
    else:
        host, port = target.rsplit(":", 1)
        asyncio.run(over_tcp(host, int(port), count))


if __name__ == "__main__":
    main()
