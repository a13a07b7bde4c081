"""Running the jail managers' programs: absolute path, no shell, no terminal, a small environment, bounded time.

pfctl is not run here: it is on the path of every jail start and has a seam of its own (DESIGN.md section 6).
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from threading import Event, Timer
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Protocol

from jailpf.errors import ConfigError, JailpfError, PfUnavailableError, Problem, TryAgainError
from jailpf.system import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ENVIRONMENT = {
    "PATH": "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin",
    "LANG": "C",
    "LC_ALL": "C",
}
SECONDS = 10.0
MOST = 16 << 20  # bytes that a program may print
_ANY = tuple(range(256))

trace: Callable[[list[str]], None] | None = None
"""Called with every command before it runs (`-v`)."""


class HasPrograms(Protocol):
    """What knows where programs are: the settings."""

    @property
    def programs(self) -> Mapping[str, str]:
        """name -> absolute path."""


class Answer(NamedTuple):
    """What a program said. status: its exit status, or minus the signal that ended it."""

    status: int
    out: str
    err: str


def run(program: str, *args: str, timeout: float = SECONDS, error: type[JailpfError] = ConfigError) -> str:
    """The standard output of a program that must succeed.

    Raises `error` with all of its standard error, and what `ask` raises.
    """
    answer = ask(program, *args, timeout=timeout)
    if answer.status:
        raise error(failure(program, args, answer))
    return answer.out


def stream(program: str, *args: str) -> Iterator[str]:
    """The lines of a program's standard output as they come, without their ends; it ends when nobody reads on.

    Raises PfUnavailableError when there is no such program, ConfigError when it fails.
    """
    import sh

    files.must_be_trusted(program)
    running: Any = None
    if trace is not None:
        trace([program, *args])
    try:
        running = sh.Command(program)(*args, _iter=True, _bg_exc=False, _tty_out=False, _env=ENVIRONMENT, _cwd="/")
        for line in running:
            yield line.rstrip("\n")
        running.wait()
    except sh.CommandNotFound:
        raise _missing(program, "there is no such program") from None
    except sh.ErrorReturnCode as wrong:
        raise ConfigError(failure(program, args, Answer(int(wrong.exit_code), "", _text(wrong.stderr)))) from None
    finally:
        if running is not None and running.is_alive():
            with suppress(OSError):  # it ended just now
                running.terminate()


def save(out: IO[bytes], program: str, *args: str) -> None:
    """Let a program write into an open file, however much.

    Raises PfUnavailableError when there is no such program, ConfigError when it fails.
    """
    import sh

    files.must_be_trusted(program)
    if trace is not None:
        trace([program, *args])
    try:
        sh.Command(program)(*args, _out=out, _tty_out=False, _env=ENVIRONMENT, _cwd="/")
    except sh.CommandNotFound:
        raise _missing(program, "there is no such program") from None
    except sh.ErrorReturnCode as wrong:
        raise ConfigError(failure(program, args, Answer(int(wrong.exit_code), "", _text(wrong.stderr)))) from None


def ask(program: str, *args: str, timeout: float = SECONDS) -> Answer:
    """Run a program, whatever its exit status.

    Raises PfUnavailableError when there is no such program, PermissionDeniedError for one that somebody else could have
    written, TryAgainError when it takes longer than `timeout` seconds, ConfigError when it says more than MOST bytes.
    """
    import sh

    files.must_be_trusted(program)

    if trace is not None:
        trace([program, *args])
    try:
        command: Any = sh.Command(program)
        # An open file: `sh` would feed a string through a thread and a pipe that outlive a program that does not read.
        # In the background with a timer of our own: its `_timeout` looks at the clock ten times a second, and each
        # program would take at least that long.
        out, err = _Kept(), _Kept()
        with open("/dev/null", "rb") as nothing:
            running: Any = command(
                *args,
                _in=nothing,
                _out=out,
                _err=err,
                _out_bufsize=1 << 16,
                _err_bufsize=1 << 16,
                _tty_out=False,
                _env=ENVIRONMENT,
                _cwd="/",
                _ok_code=_ANY,
                _bg=True,
                _bg_exc=False,
            )
            out.stop = err.stop = running.kill
            with _killed_after(timeout, running) as late:
                running.wait()
    except sh.CommandNotFound:
        raise _missing(program, "there is no such program") from None
    except sh.ForkException as wrong:
        reason = str(wrong).strip().splitlines()[-1].strip()
        raise _missing(program, f"it cannot be run ({reason})") from None
    except sh.ErrorReturnCode as wrong:
        running = wrong
    if late.is_set():
        raise TryAgainError(f"{_shown(program, args)} did not end within {timeout:g} s")
    if out.size > MOST or err.size > MOST:
        raise ConfigError(f"{_shown(program, args)} printed more than {MOST >> 20} MiB")
    return Answer(int(running.exit_code), _text(b"".join(out.parts)), _text(b"".join(err.parts)))


class _Kept:
    """Keeps what a program prints, up to MOST bytes; then calls `stop`. size: what has come."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0
        self.stop: Callable[[], None] | None = None

    def write(self, part: bytes) -> None:
        """The next part."""
        self.size += len(part)
        if self.size <= MOST:
            self.parts.append(part)
        elif self.stop:
            with suppress(OSError):  # it ended just now
                self.stop()


@contextmanager
def _killed_after(seconds: float, running: Any) -> Iterator[Event]:
    """Kill a running program when that much time has passed; the event says that it was."""
    late = Event()

    def stop() -> None:
        late.set()
        with suppress(OSError):  # it ended just now
            running.kill()

    timer = Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def failure(program: str, args: tuple[str, ...], answer: Answer) -> list[Problem]:
    """One problem for each line of a failed program's standard error."""
    how = f"exit status {answer.status}" if answer.status > 0 else f"signal {-answer.status}"
    lines = [line.strip() for line in answer.err.splitlines() if line.strip()]
    if not lines:
        return [Problem(f"{_shown(program, args)} failed without a message ({how})")]
    return [Problem(f"{_shown(program, args)}: {lines[0]}"), *map(Problem, lines[1:])]


def _missing(program: str, what: str) -> PfUnavailableError:
    name = program.rpartition("/")[2]
    return PfUnavailableError(
        f"{program}: {what}", None, f'[programs] {name} = "/path/of/{name}" in jailpf.toml sets its path'
    )


def _shown(program: str, args: tuple[str, ...]) -> str:
    return " ".join([program.rpartition("/")[2], *("''" if not arg.isprintable() or not arg else arg for arg in args)])


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
