#!/usr/bin/env bash
# paho-mqtt 1.6.1 (Python, Debian 12), MQTT 5: a PUBACK that refuses a publish (0x87 not authorized, 0x99 payload format
# invalid) is reported as a success. on_publish is called as for any other, with nothing but the packet id, and
# is_published() is true: a sensor cannot learn from it that its reading was refused.
# For humtemp: its PUBACK says why; what was refused is listed by GET /rejections all the same.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download --quiet=2 python3-paho-mqtt=1.6.1-1
dpkg -x ./*.deb package
cat >run.py <<'PY'
import socket, struct, threading, time
import paho.mqtt.client as mqtt

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()

def read(connection, count):
    data = b""
    while len(data) < count:
        data += connection.recv(count - len(data))
    return data

def serve():
    connection, _ = listener.accept()
    while True:
        kind, length = read(connection, 2)
        body = read(connection, length)
        if kind >> 4 == 1:
            connection.send(b"\x20\x03\x00\x00\x00")
        if kind >> 4 == 3:
            topic = struct.unpack(">H", body[:2])[0]
            reason = body[-1:]  # the payload says how it is to be answered
            connection.send(b"\x40\x03" + body[topic + 2:topic + 4] + reason)

threading.Thread(target=serve, daemon=True).start()
reported = []
client = mqtt.Client(client_id="sensor", protocol=mqtt.MQTTv5)
client.on_publish = lambda *arguments: reported.append(arguments[2:])
client.connect("127.0.0.1", listener.getsockname()[1])
client.loop_start()
time.sleep(0.3)
published = []
for reason in (0x00, 0x87, 0x99):
    one = client.publish("labs/a/observation", bytes([reason]), qos=1)
    one.wait_for_publish(5)
    published.append(one.is_published())
time.sleep(0.3)
print(f"0x00, 0x87 and 0x99: is_published() {published}; on_publish got {reported}")
assert published == [True, True, True] and reported == [(1,), (2,), (3,)]
PY
PYTHONPATH=package/usr/lib/python3/dist-packages /usr/bin/python3 run.py
