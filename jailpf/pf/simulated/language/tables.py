"""Tables: their definitions, the files behind them, and which of their entries an address meets.

Source: facts.md section 2, "Tables and lookup"; pf.conf(5), "Tables": the most specific entry decides, `!`
negates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.draft import HostSpec, TableDraft
from jailpf.pf.simulated.language.hosts import TABLE_NAME_MAX, Complaint, RuleError, resolve_host
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


def define_table(draft: TableDraft, topology: Topology) -> TableDefinition:
    """Work out a table's definition and read its files. Raises RuleError."""
    if len(draft.name) > TABLE_NAME_MAX:
        raise RuleError(f"table name too long, max {TABLE_NAME_MAX} chars")
    for word in draft.words:
        if word not in {"persist", "const", "counters"}:
            raise RuleError(f"invalid table option '{word}'")
    hosts: list[Host] = []
    printed = [f"table <{draft.name}>", *(w for w in ("const", "persist", "counters") if w in draft.words)]
    for source in draft.sources:
        if isinstance(source, str):
            hosts += _read_file(source, topology)
            printed.append(f'file "{source}"')
        else:
            members = [host for spec in source for host in _member(spec, topology)]
            hosts += members
            printed.append(f"{{ {''.join(entry_text(host) + ' ' for host in members)}}}")
    return TableDefinition(
        draft.name,
        "persist" in draft.words,
        "const" in draft.words,
        "counters" in draft.words,
        tuple(hosts) if draft.sources else None,
        " ".join(printed),
    )


def entry_text(host: Host) -> str:
    """A table's entry as pfctl prints it."""
    text = host_text(host) if host.prefix else f"{address_text(host.family, host.low)}/0"
    return ("!" if host.negated else "") + text


def parse_entry(text: str, topology: Topology) -> list[Host]:
    """The entries that one word of a table file or of `pfctl -T add` means. Raises RuleError."""
    word = text.removeprefix("!").strip()
    name, slash, mask = word.partition("/")
    if slash and not mask.isdigit():
        raise RuleError(Complaint(f"no IP address found for {word}", placed=False))
    return resolve_host(
        HostSpec("masked" if slash else "name", (name, mask) if slash else (name,), text[:1] == "!"), topology
    )


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


def _member(spec: HostSpec, topology: Topology) -> list[Host]:
    if spec.form == "dynamic":
        raise RuleError("dynamic addresses are not permitted inside tables")
    if spec.form == "range":
        raise RuleError("address ranges are not permitted inside tables")
    if spec.form in {"table", "special"}:
        raise RuleError("syntax error")
    return resolve_host(spec, topology)


def _read_file(name: str, topology: Topology) -> list[Host]:
    try:
        text = Path(name).read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "Illegal byte sequence"
        raise RuleError(f'cannot load "{name}": {reason}') from None
    hosts: list[Host] = []
    for line in text.split("\n"):  # a carriage return ends no comment
        for word in line.split("#")[0].split(";")[0].split():
            try:
                hosts += parse_entry(word, topology)
            except RuleError as error:
                bad = f'file "{name}" contains bad data'
                raise RuleError(error.complaints[0]._replace(placed=False), bad) from None
    return hosts
