"""The workload of the crash test: counts its own starts, whatever we record, and then waits to be killed.

Standard library only. Each start appends a line to the file `STARTS`; `START_DELAY_S` makes it slow to listen.
"""

import json
import os
import socket
import time

line = {
    "replica": f"{os.environ['REFLEXARC_WORKLOAD']}/{os.environ['REFLEXARC_REPLICA']}",
    "command": os.environ.get("REFLEXARC_COMMAND", ""),
    "generation": int(os.environ["REFLEXARC_GENERATION"]),
}
starts = os.open(os.environ["STARTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(starts, json.dumps(line).encode() + b"\n")
os.close(starts)
time.sleep(float(os.environ.get("START_DELAY_S", "0")))
listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    accepted, _ = listener.accept()
    accepted.close()
