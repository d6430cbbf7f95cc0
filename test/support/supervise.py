"""Runs a command while standard input stays open, then ends it, its children, and its directory.

    python supervise.py DIRECTORY COMMAND...

Standard input closes when the caller closes it, and also when the caller is killed: nothing outlives it.
"""

import os
import select
import shutil
import signal
import subprocess
import sys

directory, *command = sys.argv[1:]
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
try:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        while child.poll() is None and not select.select([sys.stdin], [], [], 0.2)[0]:
            pass
    finally:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()
finally:
    shutil.rmtree(directory, ignore_errors=True)
