"""The program that the tests of `exec` run: it writes down what it received, and does what its first argument says."""

import json
import sys
from pathlib import Path

TEXT = """#!{python} -ISs
import json, os, resource, signal, subprocess, sys, time
told = {{
    "argv": sys.argv[1:],
    "env": dict(each.split("=", 1) for each in open("/proc/self/environ").read().split("\\0")[:-1]),
    "cwd": os.getcwd(),
    "uid": os.getuid(),
    "group": os.getpgid(0) == os.getpid(),
    "stdin": sys.stdin.read() if sys.argv[1] != "hang" else "",
    "limits": [resource.getrlimit(getattr(resource, "RLIMIT_" + each))[0] for each in ("AS", "CPU", "FSIZE")],
}}
with open({record!r}, "a") as file:
    file.write(json.dumps(told) + "\\n")
match sys.argv[1]:
    case "say":
        print("said", *sys.argv[2:])
    case "fail":
        print("no such cache", file=sys.stderr)
        sys.exit(3)
    case "hang":
        left = subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
        print("hangs with", left.pid, flush=True)
        time.sleep(600)
    case "leave":
        left = subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
        print("leaves", left.pid, flush=True)
    case "wait":
        while os.path.exists({hold!r}):
            time.sleep(0.002)
    case "flood":
        for _ in range(300):
            print("x" * 9_999)
        print("the end")
    case "eat":
        bytearray(1 << 30)
    case "spin":
        while True:
            pass
    case "die":
        os.kill(os.getpid(), signal.SIGTERM)
"""


class Program:
    """The program, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "program"
        self.record = folder / "received.jsonl"
        self.hold = folder / "hold"
        self.path.write_text(TEXT.format(python=sys.executable, record=str(self.record), hold=str(self.hold)))
        self.path.chmod(0o755)

    def received(self) -> list[dict[str, object]]:
        """What each of its runs got, in their order."""
        if not self.record.exists():
            return []
        return [json.loads(line) for line in self.record.read_text().splitlines()]
