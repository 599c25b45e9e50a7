"""Publishes each line of standard input, "topic payload", and waits until all are delivered as their QoS says.

    paho-publish.py URL QOS CA_FILE     URL is mqtt://, mqtts://, ws:// or wss://; CA_FILE may be empty
"""

import sys
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt

url, qos, ca_file = urlsplit(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
transport = "websockets" if url.scheme.startswith("ws") else "tcp"
if hasattr(mqtt, "CallbackAPIVersion"):
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="paho-python", transport=transport)
else:
    client = mqtt.Client(client_id="paho-python", transport=transport)
if transport == "websockets":
    client.ws_set_options(path=url.path or "/")
if ca_file:
    client.tls_set(ca_certs=ca_file)
client.connect(url.hostname, url.port)
client.loop_start()
publishes = [client.publish(topic, payload, qos) for topic, payload in (line.rstrip("\n").split(" ", 1) for line in sys.stdin)]
for publish in publishes:
    publish.wait_for_publish(30)
    if not publish.is_published():
        sys.exit("not delivered")
client.disconnect()
client.loop_stop()
