"""The real pf, by pfctl(8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.errors import JailpfError, PfRefusedError, PfSilentError
from jailpf.pf import Everywhere, LabelCount, Loaded, State, batch, complaints, walk
from jailpf.pf.program import Program
from jailpf.pf.states import Picked
from jailpf.system import spawn
from jailpf.system.release import release as this_release

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from jailpf.pf import KillBy

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
        self.process = Program(program, show, seconds or spawn.SECONDS)
        self.folder = folder
        self.release = release or this_release()

    def check(self, path: str, text: str) -> None:
        """`pfctl -a PATH -n -f -`."""
        self._must(path, ["-a", path, "-n", "-f", "-"], text)

    def printed(self, path: str, text: str) -> list[str]:
        """`pfctl -a PATH -n -v -P -f -`."""
        out, _ = self._must(path, ["-a", path, "-n", "-v", "-P", "-f", "-"], text)
        return [line for line in out.splitlines() if line.strip()]

    def printed_children(self, parent: str, texts: Mapping[str, str]) -> dict[str, list[str]]:
        """`pfctl -a PARENT -n -v -P -f -` with `load anchor` lines only; {} before 15, which ignores those."""
        if self.release < 15:
            return {}
        with batch.written(texts, self.folder, marked=True) as text:
            out, _ = self._must(parent, ["-a", parent, "-n", "-v", "-P", "-f", "-"], text)
        try:
            return batch.divided(out.splitlines(), texts)
        except ValueError:
            return {}

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
        with batch.written(texts, self.folder) as text:
            self._must(parent, ["-a", parent, "-f", "-"], text)

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

    def read(
        self, path: str, *, members: bool = True, tables: bool = True, sections: Collection[str] = ("nat", "rules")
    ) -> Loaded:
        """`pfctl -P -s nat`, `-s rules`, `-s Tables` and the tables' addresses."""
        nat = self._lines(path, "nat") if "nat" in sections else []
        rules = self._lines(path, "rules") if "rules" in sections else []
        names = [name.strip() for name in self._lines(path, "Tables")] if tables else []
        held = {name: tuple(self.table(path, name, "show")) if members else () for name in names}
        return Loaded(path, tuple(nat), tuple(rules), held)

    def everywhere(self) -> Everywhere:
        """`pfctl -P -a '*' -s nat` and `-s rules`, on 15 only: 13 was not seen to do it."""
        return Everywhere(self._walk("nat"), self._walk("rules")) if self.release >= 15 else Everywhere({}, {})

    def _walk(self, what: str) -> dict[str, tuple[str, ...]]:
        """Nothing where anything was said on standard error: who loads meanwhile breaks it off, with exit 0."""
        status, out, err = self.process.run(["-a", "*", "-P", "-s", what])
        if status or complaints.lines(err):
            return {}
        try:
            return walk.rulesets(line for line in out.splitlines() if line.strip())
        except ValueError:
            return {}

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
        status, _, err = self.process.run(["-P", "-vv", "-s", "states"], take=picked.take)
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
        status, out, err = self.process.run(words, text)
        if status:
            raise complaints.refusal(path, err, status, name)
        return [line.strip() for line in out.splitlines() if line.strip()]

    def enabled(self) -> bool:
        """`pfctl -s Running` exits 0 or 1 (13 and 15)."""
        status, out, err = self.process.run(["-s", "Running"])
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
        status, out, err = self.process.run([*(["-a", path] if path else []), "-P", *options, "-s", what])
        if status and not _is_missing(err):
            raise complaints.refusal(path, err, status)
        if "DIOCGETRULES: Permission" in err:
            raise complaints.refusal(path, err, status)
        return [line for line in out.splitlines() if line.strip()]

    def _must(self, path: str, words: list[str], text: str | None = None) -> tuple[str, str]:
        status, out, err = self.process.run(words, text)
        if status:
            raise complaints.refusal(path, err, status, text=text or "")
        return out, err


def _is_missing(err: str) -> bool:
    said = complaints.lines(err)
    return bool(said) and "/dev/pf" not in err and "netlink" not in err and any(word in said[-1] for word in _MISSING)
