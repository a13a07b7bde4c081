"""Whether two sets of pf rules say the same, once every list, table and family is written out.

Order, labels, tags, interfaces, directions and `quick` are left out of it: what is compared is who reaches what.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal

from jailpf.managers.importing.language.lexer import LostError, Macros, lines
from jailpf.managers.importing.language.pfrules import FAMILIES, statement
from jailpf.managers.importing.language.rule_data import PfRule
from jailpf.managers.importing.language.words import family_of, peer
from jailpf.values import Port

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ALL, LONG = 65535, 1024
Atom = tuple[str, str, str, str, str, str, str, str]
"""(action, family, proto, source, source port, to, port, target)"""


@dataclass(frozen=True, slots=True)
class Difference:
    """side "before" or "after": only there; "narrower": the same, but fewer may connect than before. `rule` is a sentence."""

    side: Literal["before", "after", "narrower"]
    rule: str

    def __str__(self) -> str:
        return f"{self.side}: {self.rule}"


def differences(before: str, after: str) -> list[Difference]:
    """What two pf texts do not have in common, [] when they say the same.

    Statements that cannot be read count as differences of their own side.
    """
    old, new = _atoms(before), _atoms(after)
    only_old, only_new = [atom for atom in old if atom not in new], [atom for atom in new if atom not in old]
    alike: dict[Atom, list[Atom]] = {}
    for one in only_new:
        alike.setdefault(_but_source(one), []).append(one)
    found: list[Difference] = []
    told: set[Atom] = set()
    for atom in only_old:
        # Everybody before, some now: behind an rdr with the same `from` that is the same, for only those are redirected.
        if narrower := alike.pop(_but_source(atom), []) if atom[3] == "any" else []:
            told.update(narrower)
            found += [Difference("narrower", _sentence(one)) for one in narrower]
        else:
            found.append(Difference("before", _sentence(atom)))
    return found + [Difference("after", _sentence(atom)) for atom in only_new if atom not in told]


def _but_source(atom: Atom) -> Atom:
    return (*atom[:3], "", *atom[4:])


def _atoms(text: str) -> dict[Atom, None]:
    macros = Macros()
    rules: list[PfRule] = []
    tables: dict[str, tuple[str, ...]] = {}
    found: dict[Atom, None] = {}
    for line in lines(text, ""):
        try:
            if not line.text or macros.define(line):
                continue
            one = statement(macros.words(line.text))
        except LostError:
            found[line.text, "", "", "", "", "", "", ""] = None
            continue
        if isinstance(one, PfRule):
            rules.append(one)
        elif one.addresses and not one.files:
            tables[f"<{one.name}>"] = one.addresses
    for rule in rules:
        found.update(dict.fromkeys(_expanded(rule, tables)))
    return found


def _expanded(rule: PfRule, tables: dict[str, tuple[str, ...]]) -> Iterator[Atom]:
    sources, dests = _members(rule.source, tables), _members(rule.to, tables)
    targets = [_plain(one) for one in rule.target] or [""]
    if rule.action == "block" and any(source.startswith("<overload_") for source in sources):
        return  # the service's own table of overload: empty until somebody exceeds a limit
    for family, proto, source, to, target in product(FAMILIES, rule.proto or ("",), sources, dests, targets):
        own = {family_of(word) for word in (source, to, target)}
        if rule.family not in ("", family) or own - {family, None}:
            continue
        for source_port, (port, inside) in product(_each(rule.source_port), _pairs(rule)):
            where = target if inside == port else f"{target}:{inside}"
            yield (rule.action, family, proto, source, source_port, to, port, where)
            if rule.passes and rule.action == "rdr":
                yield ("pass", family, proto, source, source_port, target, inside, "")


def _pairs(rule: PfRule) -> Iterator[tuple[str, str]]:
    """(port, port behind it in the jail), one by one where the ranges are not too long for that."""
    for port in _each(rule.port):
        if port == "" or rule.target_port is None:
            yield port, port
            continue
        start = next(one.first for one in rule.port if one.first <= Port.parse(port).first <= one.last)
        first = rule.target_port.first
        moved = first + Port.parse(port).first - start if rule.wide else first
        yield port, str(moved) if ":" not in port else f"{moved}:*"


def _members(words: Iterable[str], tables: dict[str, tuple[str, ...]]) -> list[str]:
    found = [_plain(member) for word in words for member in tables.get(word, (word,))]
    return list(dict.fromkeys(found)) or ["any"]


def _plain(word: str) -> str:
    try:
        plain = peer(word, lambda _: None)
    except LostError:
        return word
    return "any" if plain in ("0.0.0.0/0", "::/0") else plain


def _each(ports: tuple[Port, ...]) -> list[str]:
    """Single ports; "" for all of them."""
    if not ports or any(port.width >= ALL for port in ports):
        return [""]
    return [
        one
        for port in ports
        for one in (map(str, range(port.first, port.last + 1)) if port.width <= LONG else [str(port)])
    ]


def _sentence(atom: Atom) -> str:
    action, family, proto, source, source_port, to, port, target = atom
    if not family:
        return f"{action} (not understood)"
    words = [
        action,
        family,
        f"proto {proto}" if proto else "",
        f"from {source}",
        f"port {source_port}" if source_port else "",
    ]
    words += [f"to {to}", f"port {port}" if port else "", f"-> {target}" if target else ""]
    return " ".join(word for word in words if word)
