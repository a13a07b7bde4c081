"""What a command opens: the pf that the settings name, the run directory, the lock."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.declare.layout import CALLS, LAYOUTS
from jailpf.errors import PermissionDeniedError, PfUnavailableError, TryAgainError
from jailpf.state.lock import Lock
from jailpf.system import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from jailpf.declare.settings import Settings
    from jailpf.pf import Pf
    from jailpf.state.rundir import RunDir


def lay_out(pf: Pf, settings: Settings) -> None:
    """Give a simulated pf that has its first main ruleset the anchor lines of the layout."""
    from jailpf.pf.simulated import Simulated
    from jailpf.pf.simulated.default import DEFAULT_MAIN

    if settings.layout.paths != LAYOUTS["single"] and isinstance(pf, Simulated) and pf.main() == DEFAULT_MAIN:
        pf.set_main(laid_out(settings))


def laid_out(settings: Settings) -> str:
    """The first main ruleset of a simulated pf, with the anchor lines of the layout."""
    from jailpf.pf.simulated.default import DEFAULT_MAIN

    if settings.layout.paths == LAYOUTS["single"]:
        return DEFAULT_MAIN
    lines = [line for line in DEFAULT_MAIN.splitlines() if "anchor" not in line]
    calls = {section: f'{CALLS[section]} "{parent}/*"' for section, parent in settings.layout.parents}
    last = calls.pop("filter", "")
    at = lines.index("block all")
    return "".join(f"{line}\n" for line in [*lines[:at], *calls.values(), *lines[at:], last] if line)


def open_pf(
    name: str, program: str, run: RunDir, show: Callable[[list[str]], None] | None = None, main: str = ""
) -> Pf:
    """The pf called "pfctl" or "simulated". main: the simulated one's pf.conf, "" for what it has. Raises PfUnavailableError when the simulated one is not installed."""
    if name == "simulated":
        from pathlib import Path

        from jailpf.pf.simulated import Simulated

        if os.path.lexists(run.path):
            make(run)  # or it is not ours
        return Simulated(Path(run.simulated), main or None, make=lambda: make(run))
    from jailpf.pf.pfctl import Pfctl

    return Pfctl(program, show, folder=run.path)


def make(run: RunDir) -> None:
    """Make the run directory. Raises PermissionDeniedError when it cannot be ours, or somebody could put another in its place."""
    for path in (run.path, run.plans):
        files.must_be_trusted(os.path.dirname(path))
    try:
        run.make()
    except FileNotFoundError:
        above = os.path.dirname(run.path)
        takes = f"{above} does not accept a folder {os.path.basename(run.path)}"
        what = takes if os.path.isdir(above) else f"there is no {above}"
        raise PfUnavailableError(what, None, "create it, or choose another with --run") from None
    except PermissionError as wrong:
        if told := _odd(run.path):
            raise PermissionDeniedError(f"the run directory {run.path} {told[0]}", None, told[1]) from None
        raise PermissionDeniedError(
            f"the run directory {run.path} cannot be used: {wrong.strerror}",
            None,
            "run as root, or choose another with --run",
        ) from None


def _odd(path: str) -> tuple[str, str] | None:
    """What is plainly wrong with a run directory, and what to do; None where it is somebody else's."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    if not os.path.isdir(path) or os.path.islink(path):
        return "is not a folder", f"remove {path}, or choose another with --run"
    if status.st_uid == os.geteuid() and status.st_mode & 0o077:
        return f"is open to others (mode {status.st_mode & 0o777:04o})", f"chmod 700 {path}"
    return None


def locked(run: RunDir) -> AbstractContextManager[None]:
    """Hold the one lock of a run directory. Raises TryAgainError when it does not change hands."""
    from contextlib import contextmanager

    @contextmanager
    def hold() -> Iterator[None]:
        make(run)
        lock = Lock(run)
        try:
            lock.__enter__()
        except TimeoutError as wrong:
            raise TryAgainError(
                f"{wrong} has held the lock {lock.file} for {lock.seconds:.0f} s", None, "try again"
            ) from None
        try:
            yield
        finally:
            lock.__exit__(None, None, None)

    return hold()
