"""Running one program: absolute path, no shell, its own small environment, bounded time. Nothing but `os` and friends.

On the path of every jail start, so without subprocess (DESIGN.md section 6).
"""

import os
import select
import time

held = -1  # the descriptor of the one lock: a program inherits it, so that the lock lasts as long as what we started
budget = 0.0  # seconds that all programs of this command may take together, 0: no limit
until = 0.0  # when that is spent, from the first program on (time.monotonic())
silent: dict[str, float] = {}  # programs that did not end in time, and when: to ask again would only take as long again
ENVIRONMENT = {"PATH": "/sbin:/bin:/usr/sbin:/usr/bin", "LC_ALL": "C"}
SECONDS = 20.0
SILENCE = 60.0  # seconds for which a program that hung is not asked again, longer than any hook takes
MOST = 64 << 20  # bytes that a program may print; what may be more is taken part by part
SIGKILL, SIGPIPE = 9, 13

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def limit(seconds: float) -> None:
    """From now on all programs together may take that long, counted from the first one; 0: as long as they like."""
    global budget, until
    budget, until = seconds, 0.0


def run(
    argv: list[str], stdin: int | str = "/dev/null", seconds: float = 0, take: "Callable[[bytes], None] | None" = None
) -> tuple[int, bytes, bytes]:
    """Run argv[0] and wait. stdin: a path or an open descriptor; seconds: at most that long, 0: SECONDS.

    Returns (exit status, or minus the signal; standard output; standard error); with `take` standard output goes there
    as it comes, and nothing of it is kept. Raises OSError when it cannot be run and, after killing it, OverflowError
    when it says more than MOST bytes, and TimeoutError when it takes longer than `seconds`, and at once when it did so
    before.
    """
    return finish(start(argv, stdin), seconds, take)


def start(argv: list[str], stdin: int | str = "/dev/null") -> tuple[str, int, int, int]:
    """Start it; what `finish` takes. Every one that was started has to be finished. Raises OSError, TimeoutError."""
    if time.monotonic() - silent.get(argv[0], -2 * SILENCE) < SILENCE:
        raise TimeoutError("it did not answer before, so it is not asked again")
    global until
    until = until or (time.monotonic() + budget if budget else 0.0)
    if until and time.monotonic() > until:
        raise TimeoutError(f"all {budget:g} s of this command are spent")
    if not is_trusted(argv[0]):
        raise PermissionError(1, "somebody else could have written it", argv[0])
    out, child_out = os.pipe()
    err, child_err = os.pipe()
    actions: list[tuple[int, int, str, int, int] | tuple[int, int, int]] = [
        (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0) if isinstance(stdin, str) else (os.POSIX_SPAWN_DUP2, stdin, 0),
        (os.POSIX_SPAWN_DUP2, child_out, 1),
        (os.POSIX_SPAWN_DUP2, child_err, 2),
    ]
    if held > 3:
        actions.append((os.POSIX_SPAWN_DUP2, held, 3))
    try:
        pid = os.posix_spawn(argv[0], argv, ENVIRONMENT, file_actions=actions, setsigdef=[SIGPIPE])
    except OSError:
        for descriptor in (out, err, child_out, child_err):
            os.close(descriptor)
        raise
    os.close(child_out)
    os.close(child_err)
    return argv[0], pid, out, err


def is_trusted(program: str) -> bool:
    """Whether nobody but root and ourselves could have written a program; as files.must_be_trusted, which tells why not.

    Raises OSError when it is not there.
    """
    todo, here, links = program.split("/")[:0:-1], "", 0
    while todo:
        name = todo.pop()
        if name in ("", ".", ".."):
            here = here.rpartition("/")[0] if name == ".." else here
            continue
        status = os.lstat(f"{here}/{name}")
        mode = status.st_mode
        if status.st_uid not in (0, os.geteuid()) or links > 32:
            return False
        if mode & 0o170000 == 0o120000:
            target, links = os.readlink(f"{here}/{name}"), links + 1
            todo += target.split("/")[::-1]
            here = "" if target[0] == "/" else here
            continue
        if mode & 0o022 and mode & 0o171000 != 0o041000:
            return False
        here = f"{here}/{name}"
    return True


def together(commands: list[list[str]]) -> list[tuple[int, bytes, bytes]]:
    """Run programs side by side that do not disturb each other; what `run` returns for each, and raises."""
    started: list[tuple[str, int, int, int]] = []
    answers = []
    try:
        for argv in commands:
            started.append(start(argv))  # noqa: PERF401 - those that run have to be known when one cannot be started
        while started:
            answers.append(finish(started.pop(0)))
        return answers
    finally:
        for _, pid, *outputs in started:
            os.kill(pid, SIGKILL)
            os.waitpid(pid, 0)
            for descriptor in outputs:
                os.close(descriptor)


def finish(
    started: tuple[str, int, int, int], seconds: float = 0, take: "Callable[[bytes], None] | None" = None
) -> tuple[int, bytes, bytes]:
    """Wait for what `start` started; returns and raises as `run` does."""
    program, pid, out, err = started
    deadline = time.monotonic() + (seconds or SECONDS)
    deadline = min(deadline, until or deadline)
    try:
        texts = _drain([out, err], deadline, take)
        return _wait(pid, deadline), texts[0], texts[1]
    except (TimeoutError, OverflowError) as wrong:
        if isinstance(wrong, TimeoutError):
            silent[program] = time.monotonic()
        os.kill(pid, SIGKILL)
        try:  # noqa: SIM105 - contextlib would be one more import on the way of a hook
            _wait(pid, time.monotonic() + 1)
        except TimeoutError:
            pass  # it hangs within the kernel; the lock is its own until it is gone
        raise
    finally:
        os.close(out)
        os.close(err)


def _drain(descriptors: list[int], deadline: float, take: "Callable[[bytes], None] | None") -> list[bytes]:
    """What comes from them until all are closed. take: called with the parts of the first, which are not kept then."""
    parts: dict[int, list[bytes]] = {descriptor: [] for descriptor in descriptors}
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    waiting, size = set(descriptors), 0
    while waiting:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        for descriptor, _ in poll.poll(left * 1000):
            if not (part := os.read(descriptor, 1 << 20)):
                poll.unregister(descriptor)
                waiting.discard(descriptor)
            elif take and descriptor == descriptors[0]:
                take(part)
            else:
                parts[descriptor].append(part)
                size += len(part)
                if size > MOST:
                    raise OverflowError
    return [b"".join(parts[descriptor]) for descriptor in descriptors]


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
