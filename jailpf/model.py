"""Pure data: a jail, a rule, a table, an anchor, the ruleset of a jail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from zlib import crc32

# Not for types only: the fields of rules and tables are held against them.
from jailpf.errors import Place, Problem
from jailpf.values import (
    Address,
    Count,
    Family,
    Filename,
    IcmpType,
    Interface,
    Log,
    Member,
    Network,
    Peer,
    Port,
    Protocol,
    Rate,
)
from jailpf.values.fields import check_fields

Section = Literal["nat", "binat", "rdr", "filter"]
SECTIONS: tuple[Section, ...] = ("nat", "binat", "rdr", "filter")
Action = Literal["nat", "binat", "rdr", "pass", "block"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Jail:
    """A jail as its manager knows it.

    name: as declared; addresses: in the manager's order; vnet: has a network stack of its own; interface: the host's
    side of that (bridge or epair), or the one that holds the addresses of a jail without, as far as known; shared: some address also belongs to the host or to another jail; path: its root;
    sides: of a vnet jail all of the host's sides, where there are several; `interface` is the first;
    running_name: what jls(8) calls it; known_by: the adapter, or "declaration"; inputs: the files this came from;
    settled: False when only the running jail can tell its addresses.
    """

    name: str
    addresses: tuple[Address, ...] = ()
    vnet: bool = False
    interface: Interface | None = None
    sides: tuple[Interface, ...] = ()
    shared: bool = False
    path: str = ""
    running_name: str = ""
    known_by: str = "declaration"
    inputs: tuple[str, ...] = ()
    settled: bool = True

    def of(self, family: str) -> tuple[Address, ...]:
        """Its addresses of one family."""
        return tuple(address for address in self.addresses if address.family == family)

    @property
    def face(self) -> str:
        """A checksum of what the rules of others that name it hang on; "-" where only the running jail can tell that."""
        shown = (*map(str, self.addresses), self.vnet, str(self.interface), self.shared)
        return f"{crc32(repr(shown).encode()):08x}" if self.settled else "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateOptions:
    """The options in `keep state (...)` (pf.conf(5), STATEFUL FILTERING). overload is the name of a table.

    kind: "sloppy" is an option of `keep`; with "none" there is no state and so no limit.
    """

    max: Count | None = None
    max_src_conn: Count | None = None
    max_src_conn_rate: Rate | None = None
    max_src_states: Count | None = None
    overload: str = ""
    synproxy: bool = False
    kind: Literal["keep", "modulate", "sloppy", "none"] = "keep"

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`route-to (INTERFACE GATEWAY)` or `reply-to (INTERFACE GATEWAY)`; pf checks neither (facts-2.md, 1)."""

    word: Literal["route-to", "reply-to"]
    interface: Interface
    gateway: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """How connections are distributed over the addresses after `->`. key: for source-hash, 32 hex digits."""

    kind: Literal["round-robin", "random", "source-hash"] = "round-robin"
    key: str = ""
    sticky: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of pf.conf(5). Empty fields are left out; () as `source` or `to` means any.

    answer: what a block rule does, by default drop; block-policy in pf.conf does not apply to anchors. target, more_targets,
    target_port, pool, static_port: after `->`. order: whether it comes before or after all other rules of the jail.
    identifier: the `ridentifier` in pf's log; 0 for none. If a rule type leaves labels, identifier, service and place
    empty, jailpf fills them in.
    """

    action: Action
    answer: Literal["", "drop", "return"] = ""
    direction: Literal["", "in", "out"] = ""
    log: Log | bool | None = False
    quick: bool = False
    on: tuple[Interface, ...] = ()
    route: Route | None = None
    family: Family | None = None
    proto: Protocol | None = None
    source: tuple[Peer, ...] = ()
    source_port: tuple[Port, ...] = ()
    to: tuple[Peer, ...] = ()
    port: tuple[Port, ...] = ()
    icmp_type: tuple[IcmpType, ...] = ()
    tag: str = ""
    tagged: str = ""
    target: Address | Network | Peer | None = None
    more_targets: tuple[Address | Network | Peer, ...] = ()
    target_port: Port | None = None
    pool: Pool | None = None
    static_port: bool = False
    state: StateOptions | None = None
    order: Literal["", "first", "last"] = ""
    labels: tuple[str, ...] = ()
    identifier: int = 0
    service: str = ""
    place: Place | None = None

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def section(self) -> Section:
        """Which part of a ruleset it belongs to."""
        return self.action if self.action in ("nat", "binat", "rdr") else "filter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A pf table with its members, or with a file of them (absolute when rendered). None keeps the members in pf.

    fetched: the file is jailpf's own, of what `table refresh` found last; it need not be there yet.
    """

    name: str
    addresses: tuple[Member, ...] | None = None
    file: Filename | None = None
    persist: bool = True
    const: bool = False
    counters: bool = False
    fetched: bool = False
    service: str = ""
    place: Place | None = None

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A path and the text that is loaded there."""

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """All anchors of one jail, in the order of loading, and the rules and tables they were made of.

    notes: what the user should know, short of an error;
    names: the other jails that are named, each "NAME FACE" (`Jail.face`), and "*" for a pattern of them; waits_for: those whose addresses nobody knows yet.
    """

    jail: Jail
    anchors: tuple[Anchor, ...]
    rules: tuple[Rule, ...] = ()
    tables: tuple[Table, ...] = ()
    inputs: tuple[str, ...] = field(default=())
    notes: tuple[Problem, ...] = ()
    names: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
