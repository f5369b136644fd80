"""launcher.py MODULE: what launcher.mjs is, for Python."""

import importlib.util
import json
import os
import sys
import time

spec = importlib.util.spec_from_file_location("handler", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)


def call():
    started = time.perf_counter()
    answer = module.handler({})
    milliseconds = (time.perf_counter() - started) * 1000
    os.write(3, (json.dumps({"milliseconds": milliseconds, "answer": answer}) + "\n").encode())


call()
for _ in sys.stdin:
    call()
