"""The real pf: the only module (with jailpf.warm) that runs pfctl(8)."""

from __future__ import annotations

import os
import re
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from jailpf.errors import (
    JailpfError,
    PermissionDeniedError,
    PfInterruptedError,
    PfRefusedError,
    PfSilentError,
    PfUnavailableError,
    TryAgainError,
)
from jailpf.pf import LabelCount, Loaded, State, complaints
from jailpf.pf.states import Picked
from jailpf.system import files, spawn
from jailpf.system.release import release as this_release

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from jailpf.pf import KillBy

BUSY_TRIES = 5
BATCH = ".batch.jailpf-"  # how the folder of a batch is called while it is loaded
_MISSING = (
    "Anchor does not exist",
    "Anchor or Ruleset does not exist",
    "Operation not supported by device",
    "DIOCGETRULES",
    "No such file or directory",
)


class Pfctl:
    """`Pf` by pfctl(8).

    program: its absolute path; show: called with each command line (`-v`); release: of FreeBSD; seconds: after which
    a pfctl that does not end is killed (default: spawn.SECONDS); folder: where batches are kept while they are loaded.
    """

    def __init__(
        self,
        program: str = "/sbin/pfctl",
        show: Callable[[list[str]], None] | None = None,
        release: int = 0,
        seconds: float = 0,
        folder: str = "",
    ) -> None:
        self.program = program
        self.show = show
        self.folder = folder
        self.trusted = False
        self.release = release or this_release()
        self.seconds = seconds or spawn.SECONDS

    def check(self, path: str, text: str) -> None:
        """`pfctl -a PATH -n -f -`."""
        self._must(path, ["-a", path, "-n", "-f", "-"], text)

    def printed(self, path: str, text: str) -> list[str]:
        """`pfctl -a PATH -n -v -P -f -`."""
        out, _ = self._must(path, ["-a", path, "-n", "-v", "-P", "-f", "-"], text)
        return [line for line in out.splitlines() if line.strip()]

    def reads(self, file: str) -> list[str]:
        """`pfctl -o none -n -v -P -f FILE`: what pfctl makes of a main ruleset, loading nothing. Raises PfRefusedError."""
        out, _ = self._must("", ["-o", "none", "-n", "-v", "-P", "-f", file])
        return out.splitlines()

    def load(self, path: str, text: str) -> None:
        """`pfctl -a PATH -f -`: exit 0 is one kernel commit and is believed."""
        self._must(path, ["-a", path, "-f", "-"], text)

    def load_children(self, parent: str, texts: Mapping[str, str]) -> None:
        """`pfctl -a PARENT -f -` with `load anchor` lines only. 13 would take them and do nothing (facts.md section 2)."""
        if self.release < 15:
            raise PfRefusedError("pfctl before 15 does not load anchors from below another")
        with tempfile.TemporaryDirectory(prefix=BATCH, dir=self.folder or None) as folder:
            lines = []
            for number, (name, text) in enumerate(texts.items()):
                file = os.path.join(folder, f"{number}.pf")
                with open(file, "w", encoding="utf-8", errors="surrogateescape") as opened:
                    opened.write(text)
                lines.append(f'load anchor "{name}" from "{file}"\n')
            self._must(parent, ["-a", parent, "-f", "-"], "".join(lines))

    def unload(self, path: str, *, tables: bool = True) -> None:
        """An empty load, one transaction; then the `persist` tables that it leaves behind.

        Judged by what is left: `-F Tables` of an anchor that is gone already ends 1 (facts.md, "What `-F` says").
        """
        first: JailpfError | None = None
        for words in (["-f", "/dev/null"], *([["-F", "Tables"]] if tables else [])):
            try:
                self._must(path, ["-a", path, *words])
            except PfSilentError:
                raise
            except JailpfError as wrong:
                first = first or wrong
        if first and not self._is_empty(path):
            raise first

    def _is_empty(self, path: str) -> bool:
        """Whether nothing is left; False also where pf cannot be asked."""
        try:
            return not self.read(path, members=False)
        except JailpfError:
            return False

    def read(self, path: str, *, members: bool = True, tables: bool = True) -> Loaded:
        """`pfctl -P -s nat`, `-s rules`, `-s Tables` and the tables' addresses."""
        nat = self._lines(path, "nat")
        rules = self._lines(path, "rules")
        names = [name.strip() for name in self._lines(path, "Tables")] if tables else []
        held = {name: tuple(self.table(path, name, "show")) if members else () for name in names}
        return Loaded(path, tuple(nat), tuple(rules), held)

    def anchors(self, below: str = "") -> list[str]:
        """`pfctl -v -s Anchors`: with -v recursive on 13 and 15; names with `_` are pfctl's own."""
        found = {line.strip() for line in self._lines(below, "Anchors", "-v")}
        return sorted(path for path in found if path and not any(part.startswith("_") for part in path.split("/")))

    def labels(self, paths: Sequence[str]) -> list[LabelCount]:
        """`pfctl -s labels`: one process for all anchors on 15 (`-a '*'`, read only), one for each on 13."""
        where = ["*"] if self.release >= 15 and len(paths) > 1 else paths
        found = []
        for path in where:
            for line in self._lines(path, "labels"):
                words = line.split()
                if len(words) > 8 and all(word.isdigit() for word in words[-8:]):
                    numbers = [int(word) for word in words[-8:]]
                    found.append(LabelCount(tuple(words[:-8]), numbers[0], numbers[1], numbers[2], numbers[7]))
        return found

    def states(self, of: Collection[str] | None = None) -> list[State]:
        """`pfctl -P -s states -vv`, taken as it comes: there may be millions."""
        picked = Picked(of)
        status, _, err = self._run(["-P", "-vv", "-s", "states"], take=picked.take)
        if status and not _is_missing(err):
            raise complaints.refusal("", err, status)
        return picked.states

    def kill(self, by: KillBy, value: str) -> int:
        """`pfctl -k label|nat|id -k VALUE`; `-n` would not keep it from killing."""
        _, err = self._must("", ["-k", by, "-k", value])
        found = re.search(r"killed (\d+) states", err)
        return int(found[1]) if found else 0

    def table(self, path: str, name: str, command: str, addresses: Iterable[str] = (), seconds: int = 0) -> list[str]:
        """`pfctl -a PATH -t NAME -T COMMAND`, addresses on standard input."""
        if command in ("add", "replace") and name not in (line.strip() for line in self._lines(path, "Tables")):
            raise PfRefusedError(f"there is no table <{name}> in {path or 'the main ruleset'}")  # pfctl would make one
        words = ["-a", path] if path else []
        words += ["-t", name, "-T", command]
        text = None
        if command == "expire":
            words.append(str(seconds))
        elif command not in ("show", "kill"):
            words += ["-f", "-"]
            text = "".join(f"{address}\n" for address in addresses)
        status, out, err = self._run(words, text)
        if status:
            raise complaints.refusal(path, err, status, name)
        return [line.strip() for line in out.splitlines() if line.strip()]

    def enabled(self) -> bool:
        """`pfctl -s Running` exits 0 or 1 (13 and 15)."""
        status, out, err = self._run(["-s", "Running"])
        if status and "Disabled" not in out:
            raise complaints.refusal("", err, status)
        return not status

    def skipped(self) -> list[str]:
        """`pfctl -v -s Interfaces`: those marked (skip)."""
        return [line.split()[0] for line in self._lines("", "Interfaces", "-v") if "(skip)" in line]

    def limit(self, name: str) -> int | None:
        """`pfctl -s memory`."""
        for line in self._lines("", "memory"):
            words = line.split()
            if words[:1] == [name] and words[-1].isdigit():
                return int(words[-1])
        return None

    def nat_kill(self) -> bool:
        """13 would look "nat" up in the DNS."""
        return self.release >= 15

    def _lines(self, path: str, what: str, *options: str) -> list[str]:
        status, out, err = self._run([*(["-a", path] if path else []), "-P", *options, "-s", what])
        if status and not _is_missing(err):
            raise complaints.refusal(path, err, status)
        if "DIOCGETRULES: Permission" in err:
            raise complaints.refusal(path, err, status)
        return [line for line in out.splitlines() if line.strip()]

    def _must(self, path: str, words: list[str], text: str | None = None) -> tuple[str, str]:
        status, out, err = self._run(words, text)
        if status:
            raise complaints.refusal(path, err, status, text=text or "")
        return out, err

    def _run(
        self, words: list[str], text: str | None = None, take: Callable[[bytes], None] | None = None
    ) -> tuple[int, str, str]:
        """Run it, again for a bounded number of times while another pfctl is busy with the anchor."""
        for attempt in range(1, BUSY_TRIES + 1):
            status, out, err = self._once(words, text, take)
            if not status or "Device busy" not in err:
                return status, out, err
            if attempt < BUSY_TRIES:
                time.sleep(0.02 * attempt)
        where = f"anchor {words[1]}: " if words[0] == "-a" else ""
        raise TryAgainError(f"{where}another program is loading it (Device busy)", None, "try again")

    def _once(
        self, words: list[str], text: str | None = None, take: Callable[[bytes], None] | None = None
    ) -> tuple[int, str, str]:
        argv = [self.program, *words]
        if not self.trusted:
            files.must_be_trusted(self.program)
            self.trusted = True
        if self.show:
            self.show(argv)
        with _standard_input(text) as stdin:
            try:
                status, out, err = spawn.run(argv, stdin.fileno(), self.seconds, take)
            except TimeoutError as late:
                what = f"{' '.join(argv)} did not end within {self.seconds:g} s"
                if str(late):
                    what = f"{self.program}: {late}"
                raise PfSilentError(what, None, "look at what holds pf") from None
            except OverflowError:
                said = f"{' '.join(argv)} printed more than {spawn.MOST >> 20} MiB"
                raise PfInterruptedError(said, None, f"see whether {self.program} is pfctl(8)") from None
            except FileNotFoundError:
                remedy = 'name it in [programs] of jailpf.toml, or use pf = "simulated"'
                raise PfUnavailableError(f"there is no {self.program}", None, remedy) from None
            except PermissionError:
                raise PermissionDeniedError(f"{self.program} cannot be run", None, "run as root") from None
            except OSError as wrong:
                raise PfUnavailableError(f"{self.program} cannot be run: {wrong.strerror}") from None
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
            f"the rules cannot be handed to pfctl: {wrong.strerror}", None, f"look at {tempfile.gettempdir()}"
        ) from None
    with file:
        yield file


def _is_missing(err: str) -> bool:
    said = complaints.lines(err)
    return bool(said) and "/dev/pf" not in err and "netlink" not in err and any(word in said[-1] for word in _MISSING)
