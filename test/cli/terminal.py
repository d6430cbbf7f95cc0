"""Runs a command in a terminal, types into it once it asks, and writes what the terminal shows.

    python terminal.py COLUMNS INPUT COMMAND...
"""

import fcntl
import os
import pty
import struct
import sys
import termios

columns, typed, *command = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, int(columns), 0, 0))
    os.execvp(command[0], command)

shown = b""
while True:
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        break
    if not chunk:
        break
    shown += chunk
    if typed and b"y/N" in shown:
        os.write(terminal, typed.encode())
        typed = ""
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
