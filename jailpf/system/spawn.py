"""Running one program: absolute path, no shell, its own small environment, bounded time. Nothing but `os` and friends.

On the path of every jail start, so without subprocess (DESIGN.md section 6).
"""

import os
import select
import time

ENVIRONMENT = {"PATH": "/sbin:/bin:/usr/sbin:/usr/bin", "LC_ALL": "C"}
SECONDS = 20.0
SIGKILL, SIGPIPE = 9, 13


def run(argv: list[str], stdin: int | str = "/dev/null", seconds: float = 0) -> tuple[int, bytes, bytes]:
    """Run argv[0] and wait. stdin: a path or an open descriptor; seconds: at most that long, 0: SECONDS.

    Returns (exit status, or minus the signal; standard output; standard error). Raises OSError when it cannot be run
    and TimeoutError, after killing it, when it takes longer than `seconds`.
    """
    out, child_out = os.pipe()
    err, child_err = os.pipe()
    actions: list[tuple[int, int, str, int, int] | tuple[int, int, int]] = [
        (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0) if isinstance(stdin, str) else (os.POSIX_SPAWN_DUP2, stdin, 0),
        (os.POSIX_SPAWN_DUP2, child_out, 1),
        (os.POSIX_SPAWN_DUP2, child_err, 2),
    ]
    try:
        pid = os.posix_spawn(argv[0], argv, ENVIRONMENT, file_actions=actions, setsigdef=[SIGPIPE])
    except OSError:
        for descriptor in (out, err, child_out, child_err):
            os.close(descriptor)
        raise
    os.close(child_out)
    os.close(child_err)
    deadline = time.monotonic() + (seconds or SECONDS)
    try:
        texts = _drain([out, err], deadline)
        return _wait(pid, deadline), texts[0], texts[1]
    except TimeoutError:
        os.kill(pid, SIGKILL)
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(out)
        os.close(err)


def _drain(descriptors: list[int], deadline: float) -> list[bytes]:
    texts = dict.fromkeys(descriptors, b"")
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    waiting = set(descriptors)
    while waiting:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        for descriptor, _ in poll.poll(left * 1000):
            if part := os.read(descriptor, 65536):
                texts[descriptor] += part
            else:
                poll.unregister(descriptor)
                waiting.discard(descriptor)
    return [texts[descriptor] for descriptor in descriptors]


def _wait(pid: int, deadline: float) -> int:
    """It has closed its output, so that it is gone or about to be."""
    pause = 0.0
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(pause)
        pause = min(pause + 0.0005, 0.02)
