"""One rule of pf as the kernel holds it: lists and macros are gone, every field has one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Family = Literal["", "inet", "inet6"]
HostKind = Literal["any", "net", "range", "table", "dynamic", "no-route", "urpf-failed", "interface", "unknown"]

BITS: dict[str, int] = {"inet": 32, "inet6": 128}
TRANSLATIONS = ("nat", "rdr", "binat")
SECTIONS = (*TRANSLATIONS, "filter")
UNKNOWN_ID = 2**32 - 1


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
    parentheses, or of the kind "unknown" one that only the host's resolver knows).

    `interface`: in a pool of route-to, reply-to and dup-to the interface of `(em0 192.0.2.1)`; the kind "interface" is
    one without an address (`route-to em0`).
    """

    kind: HostKind = "any"
    family: Family = ""
    low: int = 0
    high: int = 0
    prefix: int = 0
    name: str = ""
    negated: bool = False
    interface: str = ""


ANY = Host()


@dataclass(frozen=True, slots=True)
class Ids:
    """What stands behind user or group: an operator as in Ports and numbers, UNKNOWN_ID for `unknown`."""

    op: str
    low: int
    high: int = 0


@dataclass(frozen=True, slots=True)
class Pool:
    """What stands behind `->`, nat-to, rdr-to, af-to or route-to: hosts, ports (0: unchanged), the pool type and its
    options.

    `key` is the hex number of source-hash, "" for a random one. `map_e` is offset, length and PSID of map-e-portset.
    """

    hosts: tuple[Host, ...]
    port: int = 0
    port_end: int = 0
    type: str = ""
    static_port: bool = False
    sticky: bool = False
    key: str = ""
    endpoint_independent: bool = False
    ipv6_nexthop: bool = False
    map_e: tuple[int, int, int] | None = None


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
    if_bound: bool = False
    pflow: bool = False
    allow_related: bool = False


@dataclass(frozen=True, slots=True)
class Scrub:
    """What a scrub rule, or `scrub (...)` of a filter rule, does to a packet: nothing that decides who gets in."""

    no_df: bool = False
    random_id: bool = False
    min_ttl: int = 0
    max_mss: int = 0
    set_tos: int | None = None
    reassemble_tcp: bool = False
    no_reassemble: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `action` is pass, block, match, scrub, nat, rdr, binat, an anchor word, or unknown (then `text` is all we
    have).

    What it asks of a packet beyond the addresses: os, user, group, tos, prio, received_on, probability (of 2**32, 0 for
    always), fragment, max_pkt_rate, max_pkt_size. What it does beyond pass and block: pool (`->`), nat_to, rdr_to,
    af_to (nat_to and rdr_to are then of that family), route (route-to, reply-to or dup-to) with route_pool, scrub,
    set_prio, set_tos, queue, dummynet (dnpipe or dnqueue, and its numbers), divert_to. `state` is "no state" or the
    words before (...). `body`: the rules in the braces of an inline anchor; one without a name has an anchor that
    begins with `_`. `return_codes`: type * 256 + code
    of return-icmp and return-icmp6.
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
    return_ttl: int = 0
    return_codes: tuple[int, int] = (0x303, 0x104)
    os: str = ""
    user: Ids | None = None
    group: Ids | None = None
    tos: int = 0
    prio: int | None = None
    received_on: str = ""
    not_received_on: bool = False
    probability: int = 0
    fragment: bool = False
    max_pkt_rate: tuple[int, int] | None = None
    max_pkt_size: int = 0
    route: str = ""
    route_pool: Pool | None = None
    nat_to: Pool | None = None
    rdr_to: Pool | None = None
    af_to: Family = ""
    scrub: Scrub | None = None
    set_prio: tuple[int, int] | None = None
    set_tos: int | None = None
    queue: tuple[str, str] = ("", "")
    dummynet: tuple[str, int, int] | None = None
    divert_to: int = 0
    ridentifier: int = 0
    body: tuple[Rule, ...] | None = None

    @property
    def section(self) -> str:
        """The ruleset it belongs to: nat, rdr, binat or filter."""
        word = self.action.removesuffix("-anchor")
        return word if word in TRANSLATIONS or word == "scrub" else "filter"
