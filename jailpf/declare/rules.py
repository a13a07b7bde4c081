"""Rule types: the base class, the services they belong to, and the context they render in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from jailpf.declare.around import Around
from jailpf.declare.behind import Known, outlets
from jailpf.declare.lists import negations, overlapping
from jailpf.declare.schema import Keys, key
from jailpf.declare.ways import Outlet, Side, Way
from jailpf.values import (
    FAMILIES,
    Address,
    Family,
    IcmpType,
    Interface,
    Member,
    Party,
    Peer,
    Port,
    Protocol,
    TableName,
)
from jailpf.values.peer import split
from jailpf.values.protocol import TCP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jailpf.model import Action, Rule, Table


class RuleType(Keys):
    """A kind of declaration that becomes rules. A subclass becomes a frozen dataclass; `key()` makes its fields.

    keyword: the word in [KEYWORD.NAME] (scope "jail"), or the key of a service (scope "service").
    rank: rule types render in this order, those of services within each service. `rdr` has 10 and `allow` 90, so a
    block rule of another type comes before the pass rules. Those of scope "jail" render before the services, or after
    them from 90 on.
    default: whether the host has a default for jails without one; `KEYWORD = false` at the top of a jail's file declines it.
    makes: what every declaration must become at least once: the action of a rule, or "table"; "" for anything.
    Editors and the reference page show the first paragraph of the docstring.
    """

    keyword: ClassVar[str] = ""
    scope: ClassVar[Literal["service", "jail"]] = "service"
    rank: ClassVar[int] = 50
    default: ClassVar[bool] = False
    plugin: ClassVar[str] = ""  # who brings it, filled in when it is registered; "" for jailpf's own
    makes: ClassVar[Action | Literal["", "table"]] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.keyword and not re.fullmatch(r"[a-z][a-z0-9_]*", cls.keyword, re.ASCII):
            raise TypeError(f"{cls.keyword!r} is not a keyword: small letters, digits and '_'")
        if cls.scope not in ("service", "jail"):
            raise TypeError(f'the scope of {cls.keyword} is "service" or "jail", not {cls.scope!r}')

    def applies(self, service: Service) -> bool:  # noqa: ARG002
        """Whether an exposed rule type applies to a service that does not name it."""
        return True

    def render(self, context: Context) -> Iterable[Rule | Table]:
        """Return the rules and tables of this declaration. May raise `context.error(...)`."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Service:
    """[service.NAME]: what listens in the jail, and the rule types that apply to it.

    types: keyword -> rule type; explicit: the keywords that the file names itself.
    """

    name: str = ""
    proto: Protocol = key(
        Protocol, "The protocol; sctp with ports needs release 14 or later.", default=TCP, shown='"tcp"'
    )
    port: tuple[Port, ...] = key(Port, "The port in the jail, a range, or several.", many=True, filled=True)
    source: tuple[Party, ...] = key(
        Party,
        "Who may connect: addresses, tables, other jails by name, or `host`.",
        name="from",
        many=True,
        shown='"any"',
    )
    family: str = key(
        str, "Only IPv4 (inet) or only IPv6 (inet6).", default="", choices=("inet", "inet6"), shown="those of the jail"
    )
    icmp_type: tuple[IcmpType, ...] | None = key(
        IcmpType,
        "The ICMP types to let in; [] for all.",
        many=True,
        default=None,
        optional=True,
        shown='"echoreq"',
    )
    types: Mapping[str, RuleType] = field(default_factory=dict)
    explicit: frozenset[str] = frozenset()

    def problems(self) -> Iterator[tuple[str, str]]:
        """Ports belong to protocols that have them, types to icmp; a list of peers has no negation in it."""
        if self.icmp_type and not self.proto.family:
            yield "icmp_type", f'{"+".join(self.proto.names)} has no types of ICMP; say proto = "icmp" or "icmp6"'
        if self.family and self.proto.family not in ("", self.family):
            yield "family", f"{self.proto} does not exist in {self.family}; leave `family` out"
        for number, one in enumerate(self.icmp_type or ()):
            if self.proto.family and not one.belongs(self.proto.names[0]):
                yield f"icmp_type.{number}", f"{self.proto} has no {one}"
        if self.port and not self.proto.has_ports:
            yield "port", f"{self.proto} has no ports; leave `port` out"
        yield from overlapping(self.port)
        yield from negations(self.source, jails=True)

    @property
    def messages(self) -> tuple[IcmpType, ...]:
        """The types of ICMP that are let in; () for all, and for other protocols."""
        return () if not self.proto.family else ECHO if self.icmp_type is None else self.icmp_type

    @property
    def guests(self) -> tuple[Party, ...]:
        """Who is let in in the end: `from` of its allow, else its own; () for everybody."""
        return getattr(self.types.get("allow"), "source", ()) or self.source


ECHO = (IcmpType("echoreq"),)


@dataclass(kw_only=True)
class Context(Around):
    """What a rule type knows while it renders.

    name: NAME of the declaration; service: its service, for scope "service"; rendered: the rules of the same service so
    far; direct: the host's default; tag_in, tag_out: the tags of packets that an rdr rule of this jail has redirected, or a
    nat rule has translated; translating, redirecting: the nat and binat rules, and the rdr rules of this jail so far;
    declared: the keywords in the jail's file; tables: the members of its tables that are written there;
    named: the addresses of the jails that this one names as senders.
    """

    name: str
    tag_in: str
    tag_out: str
    direct: bool = False
    service: Service | None = None
    explicit: bool = True
    translating: tuple[Rule, ...] = ()
    redirecting: tuple[Rule, ...] = ()
    declared: frozenset[str] = frozenset()
    tables: Mapping[str, tuple[Member, ...]] = field(default_factory=dict)
    rendered: list[Rule | Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    named: dict[Peer, Way] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    _outlets: Known = field(default_factory=dict)

    def note(self, message: str) -> None:
        """Add a warning about the declaration: "SENTENCE; REMEDY"."""
        if message not in self.notes:
            self.notes.append(message)

    def table_name(self, prefix: str) -> TableName:
        """A name for a table of this declaration: "PREFIX_NAME", or a stable short form of at most 31 bytes.

        Raises ValueError for a prefix that is none: a letter, then letters, digits and "_", at most 20 in all.
        """
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,19}", prefix, re.ASCII):
            raise ValueError(f"{prefix!r} cannot begin the name of a table")
        limit = 30 - len(prefix)
        if len(self.name) <= limit:
            return TableName(f"{prefix}_{self.name}")
        from hashlib import sha256

        return TableName(f"{prefix}_{self.name[: limit - 9]}_{sha256(self.name.encode()).hexdigest()[:8]}")

    def pool_key(self) -> str:
        """A stable key for source-hash. Without it, pf chooses a new one with each load, and clients would change targets."""
        from hashlib import sha256

        return sha256(f"{self.jail.name}/{self.name}".encode()).hexdigest()[:32]

    def tag_by(self, uplink: str) -> str:
        """The tag of what nat rules of this jail send by an uplink, named by its interface."""
        from jailpf.values.anchors import tag

        return tag(f"out.{uplink}", self.jail.name)

    @property
    def tag_behind(self) -> str:
        """The tag of what nat rules send from networks behind the jail that hold none of its addresses."""
        return self.tag_by("behind")

    def routes(self, family: Family, on: tuple[Interface, ...] = (), source: tuple[Peer, ...] = ()) -> Iterator[Outlet]:
        """The ways out for a family: those of `on`, or else those of the jail's nat and binat rules, or else ext_if.

        source: the networks behind the jail that are sent from, in place of its addresses. Raises RenderError where
        they share a tag with others.

        A jail whose every nat names a tunnel never leaves by ext_if, not even with what is not translated.
        """
        known = self._outlets.get((family, on, source))
        if known is None or known[0] is not self.translating:  # of a thousand declarations most leave alike
            told = len(self.reasons)
            known = self.translating, tuple(outlets(self, family, on, source))
            self._outlets.update({(family, on, source): known} if len(self.reasons) == told else {})
        return iter(known[1])

    def translated(self, family: str, on: tuple[Interface, ...]) -> tuple[bool, bool]:
        """(whether nat or binat rules translate anything of a family on one of these interfaces, whether all of it on all)."""
        rules = [rule for rule in self.translating if rule.family == family and (not rule.on or set(rule.on) & set(on))]
        whole: set[Interface] = set()
        for rule in rules:
            jail = all(
                any(peer.holds(one) for peer in rule.source) for one in self.jail.addresses if one.family == family
            )
            if jail and not (rule.proto or rule.to or rule.port):
                whole |= set(rule.on or on)
        return bool(rules), set(on) <= whole

    def sides(
        self,
        *,
        source: tuple[Peer, ...] = (),
        to: tuple[Peer, ...] = (),
        proto: Protocol | None = None,
        addresses: tuple[Address, ...] | None = None,
    ) -> Iterator[Side]:
        """One Side for each family that the addresses (default: the jail's), `source`, `to`, `proto` and the service have in common.

        Families that fall away are remembered, so that a declaration without any rule can say why.
        """
        mine = self.jail.addresses if addresses is None else addresses
        for family in FAMILIES:
            own = tuple(one for one in mine if one.family == family)
            if self.service is not None and self.service.family not in ("", family):
                continue
            if proto is not None and proto.family not in ("", family):
                self.reasons.append(f"{proto} does not exist in {family}")
            elif not own:
                self.reasons.append(f"the jail has no {family} address")
            else:
                yield from self._family(family, own, source, to)

    def _family(
        self, family: Family, own: tuple[Address, ...], source: tuple[Peer, ...], to: tuple[Peer, ...]
    ) -> Iterator[Side]:
        for sources, way in self._parties("from", source, family):
            for dests, there in self._parties("to", to, family):
                yield Side(family, own, sources, dests, way or there)

    def _parties(
        self, key: str, peers: tuple[Peer, ...], family: Family
    ) -> Iterator[tuple[tuple[Peer, ...], Way | None]]:
        """Those by address, and those of the jails and the host that are named, by the interfaces that their packets use."""
        plain = tuple(one for one in peers if not one.indoors)
        left = split(plain, family)
        if plain or not peers:
            if left is not None:
                yield left, None
            else:
                self.reasons.append(f"`{key}` names no {family} address")
        found: dict[Way, list[Peer]] = {}
        for number, one in enumerate(peers):
            if one.kind == "host":
                way, sources = self.from_host(family, "" if key == "from" else f"{key}.{number}")
                found.setdefault(way, []).extend(sources)
            for other in self.find_jails(one.jail, f"{key}.{number}") if one.jail else ():
                way = self.way(other, self.jail) if key == "from" else self.way(self.jail, other)
                if not other.of(family):
                    self.reasons.append(f"{other.name} has no {family} address")
                found.setdefault(way, []).extend(map(Peer.of, other.of(family)))
                self.named |= dict.fromkeys(map(Peer.of, other.of(family)), way) if key == "from" else {}
        for way, theirs in found.items():
            if theirs:
                yield tuple(dict.fromkeys(theirs)), way
