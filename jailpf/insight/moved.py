"""What moving in changes in traffic: the rules of before beside those of a declaration, packet for packet.

Both are asked on two bare hosts: one whose pf.conf lets in nothing by itself, where pass and rdr rules show, and one whose
pf.conf lets in everything, where block rules show. Nothing is compared as text.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jailpf.declare.layout import CALLS
from jailpf.declare.tablefile import split_comment
from jailpf.errors import JailpfError
from jailpf.insight.boxes import missing
from jailpf.insight.changes import protocols
from jailpf.insight.moved_out import COMPILED, LEAVES, Leaving, changed, loaded_lines
from jailpf.insight.surroundings import surroundings
from jailpf.pf.simulated import Simulated, Topology
from jailpf.pf.simulated.host.ways import cards, never
from jailpf.pf.simulated.reach.intervals import IntervalSet
from jailpf.pf.simulated.reach.reach import reach
from jailpf.pf.simulated.rules.addresses import parse_address
from jailpf.values import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.model import Jail
    from jailpf.pf.simulated.reach.reached import Reached

RESERVED: dict[str, list[tuple[int, int]]] = {"inet": [(0xF0000000, 0xFFFFFFFF)], "inet6": []}
"""Addresses that nobody has, and to which no answer goes."""
BANNED = "198.18.255.254"
"""Stands for all whom a `block quick` of pf.conf bans, above the anchors."""
TABLE = re.compile(r"^\s*table\s+<\s*([^\s<>]+)\s*>(.*)$", re.MULTILINE)
NAMED = re.compile(r"<\s*([A-Za-z_][\w.-]*)\s*>")
_BLOCKS = re.compile(r"^\s*block\b", re.MULTILINE)
_OVERLOAD = re.compile(r"\boverload\s+<\s*([^\s<>]+)\s*>")
_FILE = re.compile(r'^(\s*table <[^>]+>[^{"\n]*?)file "([^"]*)"', re.MULTILINE)


@dataclass
class Moved:
    """more, less: who has a connection afterwards and had none before, and the other way round; open_more, open_less: the
    same where pf.conf lets in what nobody blocks; banned: whether those whom pf.conf bans got in before (by `rdr pass`)
    and do not any more; own: the jail's addresses;
    topology: the host that was asked; direct: as in the settings; out, open_out: what the jail sends and leaves otherwise, under
    a pf.conf that lets out nothing by itself, and one that lets out everything.
    """

    more: list[Reached] = field(default_factory=list)
    less: list[Reached] = field(default_factory=list)
    open_more: list[Reached] = field(default_factory=list)
    open_less: list[Reached] = field(default_factory=list)
    banned: bool = False
    own: frozenset[str] = frozenset()
    topology: Topology = field(default_factory=Topology, repr=False)
    direct: bool = False
    jail: str = ""
    out: list[Leaving] = field(default_factory=list)
    open_out: list[Leaving] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(
            self.more or self.less or self.open_more or self.open_less or self.banned or self.out or self.open_out
        )

    @property
    def wider(self) -> bool:
        """Whether anybody gets in, or out, who did not before."""
        return bool(self.more or self.open_more or any(not one.before for one in (*self.out, *self.open_out)))


def moved(session: Session, prepared: Prepared, before: str, files: Mapping[str, str]) -> Moved:
    """Compare a jail's old rules, one text as pfctl(8) would load it, with its declaration.

    files: the table files that are about to be written, with their text. Raises PfRefusedError for old rules that pf
    refuses.
    """
    after = {anchor.path: with_members(anchor.text, files) for anchor in prepared.ruleset.anchors}
    texts = [before, *after.values()]
    sides = (
        ({f"moving/{prepared.jail.name}": filled(before, texts)}, [(section, "moving") for section in CALLS]),
        ({path: filled(text, texts) for path, text in after.items()}, session.settings.layout.parents),
    )
    topology = topology_of(session, [prepared.jail])
    tables = roots(session, topology, texts, dict.fromkeys(word for text in texts for word in NAMED.findall(text)))
    found = Moved(
        own=frozenset(map(str, prepared.jail.addresses)),
        topology=topology,
        direct=session.settings.direct,
        jail=str(prepared.jail.name),
    )
    for word in ("block", "pass") if any(_BLOCKS.search(text) for text in texts) else ("block",):
        was, now = (_host(topology, word, tables, *side) for side in sides)
        more, _ = _without_banned(gained(was, now, topology))
        less, banned = _without_banned(lost(was, now, topology))
        if word == "block":
            found.more, found.less, found.banned = more, less, banned
        else:
            found.open_more, found.open_less = _beyond(more, found.more), _beyond(less, found.less)
    if LEAVES.search(before) or any(COMPILED.search(text) for text in after.values()):
        for word in ("block", "pass"):
            was, now = (_host(topology, word, tables, anchors, calls, "out") for anchors, calls in sides)
            leaving = changed(was, now, prepared.jail, loaded_lines(was, now))
            if word == "block":
                found.out = leaving
            else:
                found.open_out = [
                    one for one in leaving if (one.proto, one.to, one.port) not in {other[:3] for other in found.out}
                ]
    return found


def gained(was: Simulated, now: Simulated, topology: Topology) -> list[Reached]:
    """Who has a connection now and did not even arrive before. That only answers came, or went astray, is no rule that let in."""
    had = [*connections(was, topology), *connections(was, topology, answered=False)]
    found = missing(list(connections(now, topology)), had, protocols(was))
    nobody: dict[str, IntervalSet] = {
        family: IntervalSet.of([*never(family), *RESERVED[family]]) for family in FAMILIES
    }
    return [one for one in found if one.sources - nobody[one.family]]


def lost(was: Simulated, now: Simulated, topology: Topology) -> list[Reached]:
    """Who had a connection and has none."""
    return missing(list(connections(was, topology)), list(connections(now, topology)), protocols(now))


def connections(pf: Simulated, topology: Topology, *, answered: bool = True) -> Iterator[Reached]:
    """What is reached and answered, or not: nobody outside who borrows an address of the host or of its jails, which has the answer."""
    outside = {"outside", *cards(topology)}
    own: dict[str, IntervalSet] = {
        family: IntervalSet.of((one.number, one.number) for one in topology.owners() if one.family == family)
        for family in FAMILIES
    }
    for one in reach(pf):
        sources = one.sources - own[one.family] if one.origin in outside else one.sources
        if one.answered is answered and sources:
            yield replace(one, sources=sources, answered=True)


def _beyond(found: list[Reached], known: list[Reached]) -> list[Reached]:
    """What is not said already, of jails: where all is let in, what is not redirected is the host's."""
    said = {(one.origin, one.proto, one.address, one.to, one.ports) for one in known}
    new = [one for one in found if (one.origin, one.proto, one.address, one.to, one.ports) not in said]
    return [one for one in new if one.delivered_to != "host"]


def _without_banned(found: list[Reached]) -> tuple[list[Reached], bool]:
    number = parse_address(BANNED).number
    alone = [one for one in found if one.family == "inet" and one.sources.spans == ((number, number),)]
    return [one for one in found if one not in alone], bool(alone)


def _host(
    topology: Topology,
    word: str,
    roots: str,
    anchors: Mapping[str, str],
    parents: Iterable[tuple[str, str]],
    way: str = "in",
) -> Simulated:
    """A host with the jails of this one, and a main ruleset that only calls the anchors. `word` is what else it does one way."""
    parents = list(parents)
    calls = [f'{CALLS[section]} "{parent}/*"' for section, parent in parents if section != "filter"]
    rules = [
        f"{word} {way}",
        f"pass {'out' if way == 'in' else 'in'}",
        f"block in quick on {topology.ext_if} from {BANNED}",
        "pass inet6 proto icmp6",
    ]
    rules += [f'anchor "{parent}/*"' for section, parent in parents if section == "filter"]
    pf = Simulated(main="\n".join([roots, *calls, *rules]) + "\n", topology=topology)
    for path, text in anchors.items():
        pf.load(path, text)
    return pf


def topology_of(session: Session, moving: Sequence[Jail]) -> Topology:
    """This host's, with the jails that move and their neighbours, or where it cannot be asked a plain one with its external interface."""
    jails = [*moving, *_neighbours(session, {str(jail.name) for jail in moving})]
    try:
        return surroundings(session, jails).topology
    except JailpfError:
        topology = Topology()
        for name in reversed(session.settings.host.ext_if):
            topology.rename(topology.ext_if, str(name))
        for jail in jails:
            topology.add_jail(jail.name, map(str, jail.addresses), "bridge0" if jail.vnet else "lo1", jail.vnet)
        return topology


def _neighbours(session: Session, but: set[str]) -> Iterator[Jail]:
    """The other jails as their managers have them; declarations need not be there yet."""
    for adapter in session.jails.adapters:
        with suppress(JailpfError):
            for name in adapter.names():
                if name not in but and (jail := adapter.find(name)) is not None:
                    yield jail


def with_members(text: str, files: Mapping[str, str]) -> str:
    """Tables of files that are not written yet, with their members in the text."""

    def members(found: re.Match[str]) -> str:
        if found[2] not in files:
            return found[0]
        words = [word for line in files[found[2]].splitlines() for word in split_comment(line)[0].split()]
        return f"{found[1]}{{ {' '.join(words)} }}"

    return _FILE.sub(members, text)


def filled(text: str, texts: Sequence[str]) -> str:
    """Tables that are empty now would hide who gets in once they are filled: each has two members of its own instead, but for
    those that only a limit fills.
    """
    limits = _limits(texts)

    def member(found: re.Match[str]) -> str:
        held = re.search(r"[0-9a-fA-F:.]{2}[^}]*\}|\$|\{[^}]*$", found[2])
        if held or "file" in found[2] or found[1] in limits:
            return found[0]
        flags = found[2].partition("{")[0].rstrip()
        return f"table <{found[1]}>{flags} {{ {_stand_ins(found[1], texts)} }}"

    return TABLE.sub(member, text)


def _limits(texts: Sequence[str]) -> set[str]:
    return {name for text in texts for name in _OVERLOAD.findall(text)}


def _stand_ins(name: str, texts: Sequence[str]) -> str:
    names = sorted({word for text in texts for word in NAMED.findall(text)})
    number = names.index(name) + 1 if name in names else 250
    return f"198.18.{number // 250}.{number % 250 + 1} 2001:db8:f::{number:x}"


def roots(session: Session, topology: Topology, texts: Sequence[str], names: Iterable[str]) -> str:
    """The tables of those names, as pf.conf would have them for rules that name them: the host's addresses, or what pf has in them, or a stand-in."""
    outside = {str(peer).strip("<>"): family for family in FAMILIES for peer in session.settings.host.outside(family)}
    outside |= {"ext_ip4": "inet", "ext_ip6": "inet6"}
    try:
        held = dict(session.pf.read("").tables)
    except JailpfError:
        held = {}
    card = topology.interfaces.get(topology.ext_if)
    addresses = [str(own.address) for own in card.own if not own.link_local] if card else []
    lines = []
    for name in names:
        members = " ".join(held.get(name, ()))
        if name in outside:
            mine = [one for one in addresses if (":" in one) == (outside[name] == "inet6")]
            members = members or " ".join(mine[:1])
        members = members or ("" if name in _limits(texts) else _stand_ins(name, texts))
        lines.append(f"table <{name}> persist {{ {members} }}" if members else f"table <{name}> persist")
    return "\n".join(lines)
