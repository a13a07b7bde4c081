"""One rule of pf as the kernel holds it: lists and macros are gone, every field has one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Family = Literal["", "inet", "inet6"]
HostKind = Literal["any", "net", "range", "table", "dynamic", "no-route", "urpf-failed"]

BITS: dict[str, int] = {"inet": 32, "inet6": 128}
TRANSLATIONS = ("nat", "rdr", "binat")
SECTIONS = (*TRANSLATIONS, "filter")


@dataclass(frozen=True, slots=True)
class Ports:
    """A port operator of pf.conf(5): `=`, `!=`, `<`, `<=`, `>`, `>=`, `:` (inclusive), `><` and `<>`."""

    op: str
    low: int
    high: int = 0

    def intervals(self) -> list[tuple[int, int]]:
        """The ports that match, as inclusive intervals."""
        a, b = self.low, self.high
        pairs = {
            "=": [(a, a)],
            ":": [(a, b)],
            "!=": [(0, a - 1), (a + 1, 65535)],
            "<": [(0, a - 1)],
            "<=": [(0, a)],
            ">": [(a + 1, 65535)],
            ">=": [(a, 65535)],
            "><": [(a + 1, b - 1)],
            "<>": [(0, a - 1), (b + 1, 65535)],
        }[self.op]
        return [(low, high) for low, high in pairs if low <= high]

    def __contains__(self, port: int) -> bool:
        if self.op == "=":
            return port == self.low
        return any(low <= port <= high for low, high in self.intervals())


@dataclass(frozen=True, slots=True)
class Host:
    """What stands behind from or to: addresses low..high of a family, or a name (table, interface in
    parentheses).
    """

    kind: HostKind = "any"
    family: Family = ""
    low: int = 0
    high: int = 0
    prefix: int = 0
    name: str = ""
    negated: bool = False


ANY = Host()


@dataclass(frozen=True, slots=True)
class Pool:
    """What stands behind `->`: hosts, ports (0: unchanged), the pool type and its options."""

    hosts: tuple[Host, ...]
    port: int = 0
    port_end: int = 0
    type: str = ""
    static_port: bool = False
    sticky: bool = False


@dataclass(frozen=True, slots=True)
class StateOptions:
    """What stands in parentheses behind `keep state`."""

    max: int = 0
    no_sync: bool = False
    source_track: str = ""
    max_src_states: int = 0
    max_src_conn: int = 0
    max_src_conn_rate: tuple[int, int] | None = None
    max_src_nodes: int = 0
    overload: str = ""
    flush: str = ""
    sloppy: bool = False
    timeouts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `action` is pass, block, match, nat, rdr, binat, an anchor word, or unknown (then `text` is all
    we have).
    """

    action: str
    line: int = 0
    no: bool = False
    passes: bool = False
    block: str = ""
    direction: str = ""
    log: str = ""
    quick: bool = False
    interface: str = ""
    not_interface: bool = False
    family: Family = ""
    proto: str = ""
    source: Host = ANY
    source_port: Ports | None = None
    destination: Host = ANY
    destination_port: Ports | None = None
    flags: str = ""
    icmp_type: int | None = None
    icmp_code: int | None = None
    state: str = ""
    options: StateOptions | None = None
    allow_opts: bool = False
    labels: tuple[str, ...] = ()
    tag: str = ""
    tagged: str = ""
    not_tagged: bool = False
    rtable: int | None = None
    pool: Pool | None = None
    anchor: str = ""
    text: str = ""
    expanded: str = ""

    @property
    def section(self) -> str:
        """The ruleset it belongs to: nat, rdr, binat or filter."""
        word = self.action.removesuffix("-anchor")
        return word if word in TRANSLATIONS else "filter"
