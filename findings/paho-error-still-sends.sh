#!/usr/bin/env bash
# paho-mqtt 1.6.1 (Python): publish() at QoS 1 while not connected returns an error, and sends the publish all the same later.
# rc is 4, "The client is not currently connected", and is_published() raises. A script that takes this for a failure and
# publishes the reading again delivers it twice.
# For humtemp: with a timestamp in the payload the second is a duplicate; without one it is counted twice (docs say so).
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
listener.bind(("127.0.0.1", 0))  # it does not listen yet: connecting is refused
client = mqtt.Client(client_id="sensor")
client.reconnect_delay_set(1, 1)
client.connect_async("127.0.0.1", listener.getsockname()[1])
client.loop_start()
time.sleep(0.3)
first = client.publish("labs/a/observation", '{"temp":20}', qos=1)
retry = client.publish("labs/a/observation", '{"temp":20}', qos=1)
delivered = []

def read(connection, count):
    data = b""
    while len(data) < count:
        data += connection.recv(count - len(data))
    return data

def serve():
    listener.listen()
    connection, _ = listener.accept()
    while True:
        kind, length = read(connection, 2)
        body = read(connection, length)
        if kind >> 4 == 1:
            connection.send(b"\x20\x02\x00\x00")
        if kind >> 4 == 3:
            topic = struct.unpack(">H", body[:2])[0]
            delivered.append(body[topic + 4:])
            connection.send(b"\x40\x02" + body[topic + 2:topic + 4])

threading.Thread(target=serve, daemon=True).start()
deadline = time.time() + 10
while len(delivered) < 2 and time.time() < deadline:
    time.sleep(0.1)
print(f"publish() said {first.rc} and {retry.rc} ({mqtt.error_string(first.rc)}); delivered {len(delivered)}")
assert (first.rc, retry.rc, len(delivered)) == (4, 4, 2)
PY
PYTHONPATH=package/usr/lib/python3/dist-packages /usr/bin/python3 run.py
