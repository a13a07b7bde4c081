"""Tables: what a definition says, and which of their entries an address meets.

Source: facts.md section 2, "Tables and lookup"; pf.conf(5), "Tables": the most specific entry decides, `!`
negates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.lexing.problems import Complaint, RuleError
from jailpf.pf.simulated.language.words.resolve import resolve
from jailpf.pf.simulated.rules.addresses import address_text, host_text
from jailpf.pf.simulated.rules.rule import BITS, Family, Host

if TYPE_CHECKING:
    from jailpf.pf.simulated.host.topology import Topology

Entry = tuple[Family, int, int]  # family, network number, prefix


@dataclass(frozen=True)
class TableDefinition:
    """A `table` line: flags, and the addresses that it sets, None for "keep what is there" (NO_ADDRESSES)."""

    name: str
    persist: bool
    const: bool
    counters: bool
    hosts: tuple[Host, ...] | None
    text: str


def entry_text(host: Host) -> str:
    """A table's entry as pfctl prints it."""
    text = host_text(host) if host.prefix else f"{address_text(host.family, host.low)}/0"
    return ("!" if host.negated else "") + text


def parse_entry(text: str, topology: Topology) -> list[Host]:
    """The entries that one word of a table file or of `pfctl -T add` means. Raises RuleError."""
    word = text.lstrip("!")
    negated = (len(text) - len(word)) % 2 == 1
    found = []
    for node in resolve(word.strip(), topology):
        host = node.host
        if host.prefix > BITS[host.family]:
            raise RuleError(Complaint(f"no IP address found for {word}", placed=False))
        found.append(Host("net", host.family, host.low, host.high, host.prefix, negated=negated))
    return found


@dataclass
class Table:
    """An active table: entries with the time at which each was added."""

    persist: bool = False
    const: bool = False
    counters: bool = False
    entries: dict[Host, float] = field(default_factory=dict)
    _index: dict[tuple[Family, int], dict[int, bool]] | None = field(default=None, repr=False, compare=False)

    def set(self, hosts: tuple[Host, ...] | list[Host], now: float) -> None:
        """Replace all entries; those that were there keep their time."""
        self.entries = {host: self.entries.get(host, now) for host in _unique(hosts)}
        self._index = None

    def add(self, hosts: list[Host], now: float) -> None:
        """Add entries that are not there."""
        self.set([*self.entries, *hosts], now)

    def remove(self, hosts: list[Host]) -> None:
        """Remove entries; those that are not there are fine."""
        gone = {_key(host) for host in hosts}
        self.entries = {host: at for host, at in self.entries.items() if _key(host) not in gone}
        self._index = None

    def matches(self, family: Family, number: int) -> bool:
        """Whether an address is in the table: the most specific entry decides."""
        if self._index is None:
            self._index = {}
            for host in self.entries:
                self._index.setdefault((host.family, host.prefix), {})[host.low] = not host.negated
        bits = BITS[family]
        for prefix in sorted((p for f, p in self._index if f == family), reverse=True):
            size = 1 << (bits - prefix)
            found = self._index[family, prefix].get(number // size * size)
            if found is not None:
                return found
        return False

    def show(self) -> list[str]:
        """The entries as `pfctl -T show` lists them."""
        return [entry_text(host) for host in sorted(self.entries, key=_key)]


def _key(host: Host) -> Entry:
    return host.family, host.low, host.prefix


def _unique(hosts: tuple[Host, ...] | list[Host]) -> list[Host]:
    """The first of each address, as the kernel keeps them."""
    first: dict[Entry, Host] = {}
    for host in hosts:
        first.setdefault(_key(host), host)
    return list(first.values())
