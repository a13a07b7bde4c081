"""Running pfctl(8): the only module (with jailpf.warm) that does."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from jailpf.errors import (
    PermissionDeniedError,
    PfInterruptedError,
    PfSilentError,
    PfUnavailableError,
    TryAgainError,
)
from jailpf.system import files, spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUSY_TRIES = 5


class Program:
    """pfctl(8). file: its absolute path; show: called with each command line (`-v`); seconds: after which one that does not end is killed."""

    def __init__(self, file: str, show: Callable[[list[str]], None] | None, seconds: float) -> None:
        self.file, self.show, self.seconds = file, show, seconds
        self.trusted = False

    def run(
        self, words: list[str], text: str | None = None, take: Callable[[bytes], None] | None = None
    ) -> tuple[int, str, str]:
        """(exit status, standard output, standard error); run again for a bounded number of times while another pfctl is busy
        with the anchor. Who reads then is told so and ends with 0, having printed a part (facts.md, section 6).

        text: its standard input; take: called with its standard output as it comes. Raises TryAgainError and what `_once` raises.
        """
        for attempt in range(1, BUSY_TRIES + 1):
            status, out, err = self._once(words, text, take)
            if "Device busy" not in err:
                return status, out, err
            if attempt < BUSY_TRIES:
                time.sleep(0.02 * attempt)
        where = f"anchor {words[1]}: " if words[0] == "-a" else ""
        raise TryAgainError(f"{where}another program is loading it (Device busy)", None, "try again")

    def _once(
        self, words: list[str], text: str | None = None, take: Callable[[bytes], None] | None = None
    ) -> tuple[int, str, str]:
        argv = [self.file, *words]
        if not self.trusted:
            files.must_be_trusted(self.file)
            self.trusted = True
        if self.show:
            self.show(argv)
        with _standard_input(text) as stdin:
            try:
                status, out, err = spawn.run(argv, stdin.fileno(), self.seconds, take)
            except TimeoutError as late:
                what = f"{' '.join(argv)} did not end within {self.seconds:g} s"
                if str(late):
                    what = f"{self.file}: {late}"
                raise PfSilentError(what, None, "find out what keeps pf busy") from None
            except OverflowError:
                said = f"{' '.join(argv)} printed more than {spawn.MOST >> 20} MiB"
                raise PfInterruptedError(said, None, f"check that {self.file} is pfctl(8)") from None
            except FileNotFoundError:
                remedy = 'set it in [programs] of jailpf.toml, or use pf = "simulated"'
                raise PfUnavailableError(f"there is no {self.file}", None, remedy) from None
            except PermissionError:
                raise PermissionDeniedError(f"{self.file} cannot be run", None, "run as root") from None
            except OSError as wrong:
                raise PfUnavailableError(f"{self.file} cannot be run: {wrong.strerror}") from None
        if status < 0:
            raise PfInterruptedError(f"{' '.join(argv)} was killed by signal {-status}", None, "try again")
        return status, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


@contextmanager
def _standard_input(text: str | None) -> Iterator[BinaryIO]:
    """A file with `text`, or nothing, to read from. Raises PfUnavailableError when there is no room for it."""
    try:
        file = tempfile.TemporaryFile() if text is not None else open(os.devnull, "rb")  # noqa: SIM115 - below
        if text is not None:
            file.write(text.encode("utf-8", "surrogateescape"))
            file.seek(0)
    except OSError as wrong:
        raise PfUnavailableError(
            f"the rules cannot be passed to pfctl: {wrong.strerror}", None, f"check {tempfile.gettempdir()}"
        ) from None
    with file:
        yield file
