"""The seam to pf: what jailpf asks of a packet filter, whichever answers.

`Pf` is implemented by `jailpf.pf.pfctl.Pfctl` (the real one) and `jailpf.pf.simulated.Simulated` (in memory).
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

KillBy = Literal["label", "nat", "id"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What pf holds in one anchor, as pfctl prints it (`-P`: ports as numbers).

    nat: nat, rdr and binat rules; rules: filter rules; tables: name -> addresses and networks.
    """

    path: str
    nat: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.nat or self.rules or self.tables)


class Everywhere(NamedTuple):
    """What pf holds in the anchors that the main ruleset calls, each by its path: nat, rdr and binat rules; filter rules.

    What is not in it may hold anything: it has to be read by itself.
    """

    nat: Mapping[str, tuple[str, ...]]
    rules: Mapping[str, tuple[str, ...]]


class LabelCount(NamedTuple):
    """One line of `pfctl -s labels`: the labels of a rule and its counters since it was loaded."""

    labels: tuple[str, ...]
    evaluations: int
    packets: int
    bytes: int
    states: int


class State(NamedTuple):
    """One line of `pfctl -s states -vv`: `id` is what `-k id -k` takes; `addresses` are all hosts it names."""

    id: str
    text: str
    addresses: frozenset[str]


class Pf(Protocol):
    """A packet filter. Every method may raise PfUnavailableError, PermissionDeniedError or TryAgainError.

    A `path` is an anchor path of at most 63 bytes such as "jailpf/web"; "" is the main ruleset and is only ever read.
    """

    def check(self, path: str, text: str) -> None:
        """Parse `text` as the rules of anchor `path`, loading nothing. Raises PfRefusedError with the lines."""

    def printed(self, path: str, text: str) -> list[str]:
        """The rules and tables of `text` as pf would print them, expanded; loads nothing. Raises PfRefusedError."""

    def printed_children(self, parent: str, texts: Mapping[str, str]) -> Mapping[str, list[str]]:
        """The same of `parent`/NAME for every NAME, by the names, at once; {} where this pf cannot. Raises PfRefusedError."""

    def load(self, path: str, text: str) -> None:
        """Replace all rules of the anchor, and the tables that `text` names, in one transaction. Raises PfRefusedError."""

    def load_children(self, parent: str, texts: Mapping[str, str]) -> None:
        """Load `parent`/NAME for every NAME in one transaction (15; silently nothing on 13: read back afterwards)."""

    def unload(self, path: str, *, tables: bool = True) -> None:
        """Remove all rules and tables of the anchor. An anchor that does not exist is fine.

        tables: False where no `persist` table can be there, which saves a pfctl.
        """

    def read(
        self, path: str, *, members: bool = True, tables: bool = True, sections: Collection[str] = ("nat", "rules")
    ) -> Loaded:
        """What is loaded; empty when the anchor does not exist. False leaves the tables, or only their addresses, out; sections: those
        rules that are asked for.
        """

    def everywhere(self) -> Everywhere:
        """The rules of all anchors that the main ruleset calls, by as few programs as possible; nothing where this pf cannot."""

    def anchors(self, below: str = "") -> list[str]:
        """The full paths of all anchors, or of those below one, sorted. May still list one that was just unloaded."""

    def labels(self, paths: Sequence[str]) -> list[LabelCount]:
        """The labelled rules in those anchors, with counters; missing anchors are skipped."""

    def states(self, of: Collection[str] | None = None) -> list[State]:
        """The states of the host, or those that name one of these addresses."""

    def kill(self, by: KillBy, value: str) -> int:
        """Kill the states made by rules with a label, of a NATed source address, or of one id. Returns how many."""

    def table(self, path: str, name: str, command: str, addresses: Iterable[str] = (), seconds: int = 0) -> list[str]:
        """`pfctl -T`: show (returns the addresses), add, delete, replace, kill (the table goes), expire (older than `seconds`).

        Raises PfRefusedError when the table does not exist.
        """

    def enabled(self) -> bool:
        """Whether pf filters at all (`pfctl -s Running`)."""

    def skipped(self) -> list[str]:
        """Interfaces under `set skip`."""

    def limit(self, name: str) -> int | None:
        """A memory limit such as "anchors" (`pfctl -s memory`), None where this pf has no such limit."""

    def nat_kill(self) -> bool:
        """Whether `kill("nat", ...)` exists (15 and later)."""
