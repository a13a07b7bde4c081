"""Rule types: the base class, the services they belong to, and the context they render in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from jailpf.declare.schema import Keys, key
from jailpf.errors import NoJailError
from jailpf.values import FAMILIES, Address, Family, Interface, Peer, Port, Protocol, TableName
from jailpf.values.peer import split
from jailpf.values.protocol import TCP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from jailpf.declare.settings import Host
    from jailpf.model import Action, Jail, Rule, Table


class RuleType(Keys):
    """A kind of declaration that becomes rules. A subclass is a frozen dataclass whose fields are made by `key()`.

    keyword: the word in [KEYWORD.NAME] (scope "jail"), or the key of a service (scope "service").
    rank: rule types render from low to high, those of services within each service; `rdr` is 10, `allow` 90, so that
    a block rule of another type stands above the pass rules.
    default: what the host does for every jail without one; `KEYWORD = false` at the top of a jail's file declines it.
    makes: what a declaration must have become at least once: the action of a rule, or "table"; "" anything.
    The first paragraph of the docstring is its sentence in editors and on the reference page.
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

    def render(self, context: Context) -> Iterable[Rule | Table]:
        """The rules and tables of this declaration. May call `context.error(...)`."""
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
    port: tuple[Port, ...] = key(Port, "The port in the jail, a range, or several.", many=True)
    source: tuple[Peer, ...] = key(Peer, "Who may connect.", name="from", many=True, shown='"any"')
    types: Mapping[str, RuleType] = field(default_factory=dict)
    explicit: frozenset[str] = frozenset()

    def problems(self) -> Iterator[tuple[str, str]]:
        """Ports belong to protocols that have them; a list of peers has no negation in it."""
        if self.port and not self.proto.has_ports:
            yield "port", f"{self.proto} has no ports; leave `port` out"
        yield from overlapping(self.port)
        yield from negations(self.source)


@dataclass(frozen=True, slots=True)
class Side:
    """One address family of a declaration: the jail's addresses and the peers that exist in it (() means any)."""

    family: Family
    addresses: tuple[Address, ...]
    source: tuple[Peer, ...]
    to: tuple[Peer, ...]

    @property
    def jail(self) -> tuple[Peer, ...]:
        """The jail's addresses as peers."""
        return tuple(map(Peer.of, self.addresses))


@dataclass(kw_only=True)
class Context:
    """What a rule type may know while it renders.

    name: NAME of the declaration; service: for service-scoped types; rendered: what the types before this one made
    of the same service; direct: the host's default; tag_in, tag_out: tags of packets that came in by an rdr rule or
    go out by a nat rule of this jail; translating: the nat and binat rules of this jail, once they are made.
    """

    jail: Jail
    host: Host
    name: str
    tag_in: str
    tag_out: str
    direct: bool = False
    service: Service | None = None
    explicit: bool = True
    translating: tuple[Rule, ...] = ()
    rendered: list[Rule | Table] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    lookup: Callable[[str], Jail] | None = None

    def error(self, message: str, key: str = "") -> RenderError:
        """An error to raise: the declaration cannot become rules. `key` gives the place."""
        return RenderError(message, key)

    def table_name(self, prefix: str) -> TableName:
        """A name for a table of this declaration's own: "PREFIX_NAME", or a stable short form of at most 31 bytes.

        Raises ValueError for a prefix that is none: a letter, then letters, digits and "_", at most 20 in all.
        """
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,19}", prefix, re.ASCII):
            raise ValueError(f"{prefix!r} cannot begin the name of a table")
        limit = 30 - len(prefix)
        if len(self.name) <= limit:
            return TableName(f"{prefix}_{self.name}")
        from hashlib import sha256

        return TableName(f"{prefix}_{self.name[: limit - 9]}_{sha256(self.name.encode()).hexdigest()[:8]}")

    def find_jail(self, name: str, key: str = "") -> Jail:
        """Another jail by name; `key` is where it is named. Raises RenderError when nobody knows it."""
        if self.lookup is None:
            raise self.error(f"no adapter can look up the jail {name!r}", key)
        try:
            return self.lookup(name)
        except NoJailError as wrong:
            raise self.error(f"{wrong.problems[0].message}; write an address instead", key) from None

    @property
    def leaves(self) -> tuple[Interface, ...]:
        """The interfaces by which the jail leaves: those of its nat and binat rules of either family, else ext_if.

        A jail whose every nat names a tunnel never leaves by ext_if, not even with what is not translated.
        """
        return tuple(dict.fromkeys(one for rule in self.translating for one in rule.on)) or self.host.ext_if

    def translated(self, family: str, on: tuple[Interface, ...]) -> tuple[bool, bool]:
        """(whether nat or binat rules translate anything of a family on one of these interfaces, whether all of it on all)."""
        rules = [rule for rule in self.translating if rule.family == family and (not rule.on or set(rule.on) & set(on))]
        jail = set(map(Peer.of, self.jail.of(family)))
        whole: set[Interface] = set()
        for rule in rules:
            if jail <= set(rule.source) and not (rule.proto or rule.to or rule.port):
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
        """One Side for each family that the addresses (default: the jail's), `source`, `to` and `proto` share.

        Families that fall away are remembered, so that a declaration without any rule can say why.
        """
        mine = self.jail.addresses if addresses is None else addresses
        for family in FAMILIES:
            own = tuple(one for one in mine if one.family == family)
            sources, dests = split(source, family), split(to, family)
            if proto is not None and proto.family not in ("", family):
                self.reasons.append(f"{proto} does not exist in {family}")
            elif not own:
                self.reasons.append(f"there is no {family} address inside")
            elif sources is None:
                self.reasons.append(f"`from` names no {family} address")
            elif dests is None:
                self.reasons.append(f"`to` names no {family} address")
            else:
                yield Side(family, own, sources, dests)


class RenderError(Exception):
    """A declaration that cannot become rules; `key` is the key that is to blame, "" the whole."""

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


def overlapping(ports: tuple[Port, ...]) -> Iterator[tuple[str, str]]:
    """A problem for each port that stands twice in one list."""
    taken: tuple[Port, int] | None = None
    for one in sorted((port, number) for number, port in enumerate(ports)):
        if taken and one[0].overlaps(taken[0]):
            (earlier, _), (later, number) = sorted((taken, one), key=lambda each: each[1])
            yield f"port.{number}", f"port {later} is already in {earlier}"
        if not taken or one[0].last > taken[0].last:
            taken = one


def negations(peers: tuple[Peer, ...], where: str = "from") -> Iterator[tuple[str, str]]:
    """A problem when a list holds a negation: each would be a rule of its own, and together they match nearly all."""
    if len(peers) > 1 and any(peer.negated for peer in peers):
        yield where, 'a list with a negation matches nearly everyone; use one [table.NAME] with "!" entries'
    if len(peers) > 1 and any(peer.kind == "any" for peer in peers):
        yield where, '"any" makes the rest of the list idle; write one or the other'
