"""Runs one program within its limits and writes down how it ended. A process of its own, which outlives the actuator.

Called as `python -I -S runner.py FOLDER`, with the mark of the run as its standard input and the program's environment
as its own. What to run is in `run.json` of the folder, so nothing of it is on this command line. It knows the standard
library only, and none of our modules: it starts in milliseconds and depends on no installation.

The mark is locked by whoever spawned us until we have written into it who we are: whoever gets the lock knows whether
the program was started or never will be. All that the program starts is ended with it, since what loses its parent
becomes a child of ours; and should we be killed, the kernel kills the program.
"""

import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_CHUNK = 65_536
_MOST_LEFT = 1 << 20
"""As much as a pipe may hold."""
_POLL_S = 0.005
_KILL_WAIT_S = 5.0

_libc = ctypes.CDLL(None, use_errno=True)


def main(folder: Path) -> None:
    _identify()
    os.umask(0o077)
    plan = json.loads((folder / "run.json").read_bytes())
    result = run(plan)
    draft = folder / "result.new"
    with draft.open("wb") as file:
        file.write(json.dumps(result).encode())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / "result.json")


def _identify() -> None:
    """Say in the mark who we are, and let go of it."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    stat = Path("/proc/self/stat").read_text().strip()
    os.write(0, f"{boot} {stat}\n".encode())
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)


def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Run the program to its end or its time limit; how it ended, and the end of what it said."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    said, out = os.pipe()
    failing, failed = os.pipe()
    us = os.getpid()
    program = os.fork()
    if program == 0:
        os.close(said)
        _become(plan, out, failed, us)
    os.close(out)
    os.close(failed)
    with os.fdopen(failing, "rb") as errors:
        error = errors.read().decode(errors="replace")  # empty once it runs
    secrets = [part for name in plan["secrets"] for part in _parts(os.environb[name.encode()])]
    longest = max(map(len, secrets), default=0)
    tail = _Tail(plan["output_bytes"] + longest)
    in_time = _follow(program, said, tail, time.monotonic() + plan["timeout_s"])
    status = _end_all(program)
    _drain(said, tail)
    return {
        "error": error,
        "timed_out": not in_time,
        "exit": os.WEXITSTATUS(status) if os.WIFEXITED(status) and not error else None,
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        "output": _redacted(tail, secrets, longest).decode(errors="replace"),
        "output_bytes": tail.seen,
    }


def _become(plan: dict[str, Any], out: int, failed: int, parent: int) -> NoReturn:
    """In the child: take on the limits, then be the program."""
    try:
        os.setpgid(0, 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.umask(0o022)
        for signum in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
            signal.signal(signum, signal.SIG_DFL)
        _limit(plan)
        if plan["user"] is not None:
            uid, gid = plan["user"]
            if os.geteuid() == 0:
                os.setgroups([gid])
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
        # After the change of user, which would undo it.
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(127)
        os.chdir(plan["directory"])
        names = [name.encode() for name in plan["variables"]]
        environment = {name: os.environb[name] for name in names}  # Python may have added to its own
        os.execve(plan["argv"][0], [each.encode() for each in plan["argv"]], environment)
    except BaseException as error:
        os.write(failed, str(error).encode(errors="replace")[:4096])
    os._exit(127)


def _limit(plan: dict[str, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, what in (
        ("memory_bytes", resource.RLIMIT_AS),
        ("cpu_s", resource.RLIMIT_CPU),
        ("file_bytes", resource.RLIMIT_FSIZE),
    ):
        if plan[name] is not None:
            resource.setrlimit(what, (plan[name], plan[name]))


class _Tail:
    """The end of what is said, as much as is kept; all of it is read, so that nobody waits for us."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.kept = bytearray()
        self.seen = 0

    def take(self, source: int) -> bool:
        """Read what there is; whether there may be more."""
        chunk = os.read(source, _CHUNK)
        self.seen += len(chunk)
        self.kept += chunk
        del self.kept[: max(0, len(self.kept) - self.most)]
        return bool(chunk)


def _parts(secret: bytes) -> list[bytes]:
    """A secret and its long words: `Bearer x` is told as `x`, too."""
    return [secret, *(word for word in secret.split() if len(word) >= 8)]


def _redacted(tail: _Tail, secrets: list[bytes], longest: int) -> bytes:
    """What is kept, without the secrets of the environment: what of one was cut at the beginning goes with it."""
    kept = bytes(tail.kept)
    for secret in sorted(secrets, key=len, reverse=True):
        kept = kept.replace(secret, b"[secret]")
    return kept[longest:] if tail.seen > len(tail.kept) else kept


def _follow(program: int, said: int, tail: _Tail, until: float) -> bool:
    """Read along until the program has ended; False when its time was over before."""
    handle = os.pidfd_open(program)
    sources = [handle, said]
    try:
        while (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select(sources, [], [], left)
            if said in ready and not tail.take(said):
                sources.remove(said)
            if handle in ready:
                return True
        return False
    finally:
        os.close(handle)


def _drain(said: int, tail: _Tail) -> None:
    """What the program had said before its end; whoever could not be killed and goes on with it is not heard."""
    os.set_blocking(said, False)
    until = tail.seen + _MOST_LEFT
    with suppress(BlockingIOError):
        while tail.seen < until and tail.take(said):
            pass


def _end_all(program: int) -> int:
    """Kill whatever is left of the program and of what it started; the wait status of the program."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(program, signal.SIGKILL)
    status = 0
    until = time.monotonic() + _KILL_WAIT_S
    while time.monotonic() < until:
        try:
            ended, found = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if ended == program:
            status = found
        if ended == 0:
            # The children of what we kill become ours, and are killed in the next round.
            for child in _children():
                # One that became another user's, as by sudo, is not ours to kill.
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(child, signal.SIGKILL)
            time.sleep(_POLL_S)
    return status


def _children() -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == os.getpid():
                    found.append(int(entry.name))
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
