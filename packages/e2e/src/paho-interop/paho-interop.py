"""Runs one file of Paho's interoperability tests against a broker, and prints a line of JSON for each case.

    paho-interop.py FOLDER MODULE PORT [CASE]     FOLDER is `interoperability`; MODULE is client_test (3.1.1) or client_test5
"""

import contextlib
import importlib
import io
import json
import os
import signal
import sys
import unittest

# The longest case waits for some 20 seconds.
CASE_S_MAX = 45

folder, module_name, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.chdir(folder)
sys.path.insert(0, folder)
module = importlib.import_module(module_name)
# What the file gives itself when it is run as a program.
module.host, module.port = "127.0.0.1", port
module.topics = ("TopicA", "TopicA/B", "Topic/C", "TopicA/C", "/TopicA")
module.wildtopics = ("TopicA/+", "+/C", "#", "/#", "/+", "+/+", "TopicA/#")
module.nosubscribe_topics = ("test/nosubscribe",)
if hasattr(module, "setData"):
    given, set_data = {"host": module.host, "port": module.port}, module.setData
    module.setData = lambda: (set_data(), module.__dict__.update(given))
module.topic_prefix = "client_test5/"


class TooLong(Exception):
    pass


def too_long(*_):
    raise TooLong(f"not over after {CASE_S_MAX} s")


signal.signal(signal.SIGALRM, too_long)


class Cases(unittest.TestResult):
    def startTest(self, case):
        # Again and again: some cases take an exception for a broken connection.
        signal.setitimer(signal.ITIMER_REAL, CASE_S_MAX, 1)

    def stopTest(self, case):
        signal.setitimer(signal.ITIMER_REAL, 0)

    def say(self, case, passed, why=""):
        # A case may leave its connections behind when it fails.
        for client in (getattr(module, name, None) for name in ("aclient", "bclient")):
            with contextlib.suppress(Exception):
                client.terminate()
        name = case.id().split(".")[-1]
        print(json.dumps({"case": name, "passed": passed, "why": why}), file=sys.__stdout__, flush=True)

    def addSuccess(self, case):
        self.say(case, True)

    def addFailure(self, case, error):
        self.say(case, False, str(error[1]))

    def addError(self, case, error):
        self.say(case, False, f"{error[0].__name__}: {error[1]}")


loader = unittest.TestLoader()
suite = loader.loadTestsFromName(f"Test.{sys.argv[4]}", module) if len(sys.argv) > 4 else loader.loadTestsFromModule(module)
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(sys.stderr):
    suite.run(Cases())
# Threads of clients that were left open do not hold up the end.
sys.__stdout__.flush()
os._exit(0)
