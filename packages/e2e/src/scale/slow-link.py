"""A link between two network devices, in user space: every packet arrives later, and some never.

slow-link.py DEVICE DEVICE makes both, says "ready", and passes what comes in at one to the other. Each line of its input is the delay
in milliseconds and the share of packets that is lost, from then on. It ends with its input.
"""

import collections
import fcntl
import os
import random
import select
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
BYTES_MAX = 65_536


def device(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def main():
    ends = [device(name) for name in sys.argv[1:3]]
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    on_their_way = collections.deque()
    delay_s, loss = 0.0, 0.0
    print("ready", flush=True)
    while True:
        wait_s = max(0, on_their_way[0][0] - time.monotonic()) if on_their_way else None
        readable, _, _ = select.select([sys.stdin, *ends], [], [], wait_s)
        if sys.stdin in readable:
            line = sys.stdin.readline()
            if line == "":
                return
            delay_ms, share = line.split()
            delay_s, loss = float(delay_ms) / 1000, float(share)
        for end in ends:
            if end not in readable:
                continue
            packet = os.read(end, BYTES_MAX)
            if random.random() >= loss:
                on_their_way.append((time.monotonic() + delay_s, other[end], packet))
        while on_their_way and on_their_way[0][0] <= time.monotonic():
            _, end, packet = on_their_way.popleft()
            try:
                os.write(end, packet)
            except OSError:
                pass  # A device that is not up, or is full, loses it.


main()
