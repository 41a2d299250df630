#!/usr/bin/env python3
"""What people run who read SmartyReader⁵'s messages: subscribe, take dt, c1 and p1, work out the power.

Arguments: host, port, topic, how many messages. Prints one JSON line a message.
"""

import json
import sys

import paho.mqtt.client as mqtt

HOST, PORT, TOPIC, COUNT = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
last = None
seen = 0


def on_connect(client, userdata, flags, rc):
    client.subscribe(TOPIC, 0)


def on_message(client, userdata, message):
    global last, seen
    try:
        values = json.loads(message.payload.decode("utf-8"))
    except ValueError:
        values = {"dt": "error"}
    stamp = values["dt"]
    if stamp[0] in "ec":
        return
    imported = values["c1"].rstrip("*kWh")
    exported = values["p1"].rstrip("*kWh")
    power = None if last is None else round((float(imported) - float(last)) * 60000.0, 3)
    last = imported
    print(json.dumps({"dt": stamp, "id": values["id"], "import": imported, "export": exported, "power": power}), flush=True)
    seen += 1
    if seen >= COUNT:
        client.disconnect()


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, "getsmarty_p1")
client.on_connect = on_connect
client.on_message = on_message
client.connect(HOST, PORT, keepalive=60)
client.loop_forever()
