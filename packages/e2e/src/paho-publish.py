"""Publishes each line of standard input, "topic payload", and waits until all are delivered as their QoS says.

    paho-publish.py URL VERSION QOS CA_FILE     URL is mqtt://, mqtts://, ws:// or wss://; VERSION is 4 (3.1.1) or 5; CA_FILE may be empty
"""

import sys
import threading
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt

url, version, qos, ca_file = urlsplit(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
options = {
    "client_id": f"paho-python-{version}-{qos}",
    "protocol": {4: mqtt.MQTTv311, 5: mqtt.MQTTv5}[version],
    "transport": "websockets" if url.scheme.startswith("ws") else "tcp",
}
if hasattr(mqtt, "CallbackAPIVersion"):
    options["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION2
client = mqtt.Client(**options)
if options["transport"] == "websockets":
    client.ws_set_options(path=url.path or "/")
if ca_file:
    client.tls_set(ca_certs=ca_file)
accepted = threading.Event()
client.on_connect = lambda *_: accepted.set()
client.connect(url.hostname, url.port)
client.loop_start()
# Who closes with a CONNACK unread resets the connection, and what was sent at QoS 0 is lost.
if not accepted.wait(30):
    sys.exit("not accepted")
publishes = [client.publish(topic, payload, qos) for topic, payload in (line.rstrip("\n").split(" ", 1) for line in sys.stdin)]
for publish in publishes:
    publish.wait_for_publish(30)
    if not publish.is_published():
        sys.exit("not delivered")
client.disconnect()
client.loop_stop()
