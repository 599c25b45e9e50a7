"""Runs a command in a terminal of its own, sends it SIGHUP, and closes the terminal.

    closed-terminal.py COMMAND [ARGUMENT…]

Says as JSON what became of it: whether it lived on after SIGHUP, and how it ended: by which signal, or with which code.
"""

import json
import os
import pty
import signal
import sys
import time

END_S_MAX = 30


def read_until(terminal: int, words: bytes) -> None:
    seen = b""
    while words not in seen:
        seen += os.read(terminal, 4096)


def main() -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    read_until(terminal, b"Ctrl-C")
    os.kill(pid, signal.SIGHUP)
    read_until(terminal, b"SIGHUP: reading")
    lives_on = os.waitpid(pid, os.WNOHANG) == (0, 0)
    os.close(terminal)
    deadline = time.monotonic() + END_S_MAX
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            break
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            code = None
            break
        time.sleep(0.02)
    print(json.dumps({"lives_on": lives_on, "signal": -code if code is not None and code < 0 else None, "code": code}))


main()
