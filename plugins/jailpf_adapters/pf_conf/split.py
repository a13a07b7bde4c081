"""A pf.conf divided by the jails' addresses: each rule that is about one jail goes to it, everything else stays."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.plugin import ConfigError, NoJailError, Place
from jailpf.plugin import importing as rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.plugin import Adapter, Imported

Known = dict[str, dict[str, list[str]]]
"""jail -> family -> addresses"""


def split(adapter: Adapter, file: str) -> list[Imported]:
    """The declarations of the jails that it has rules for. Raises what PfConf.import_ does."""
    try:
        text = rules.text_of(file)
    except FileNotFoundError:
        raise ConfigError("no such file", Place(file)) from None
    known = rules.addresses_of_jails(adapter)
    if not known:
        raise NoJailError("no jail manager knows a jail with an address", None, "`jailpf list` shows what they know")
    read = _Read(text, file, known)
    found = [_imported(adapter, read, jail, own) for jail, own in known.items() if read.of(own)]
    if not found:
        raise NoJailError(
            "no rule is about the address of a jail alone", Place(file), "`jailpf list` shows the jails that are known"
        )
    return [replace(one, whole=text) for one in found]


class _Read:
    """The statements of the file. lost: those that a declaration has no word for, and why."""

    def __init__(self, text: str, file: str, known: Known) -> None:
        self.jails = {one for own in known.values() for family in own.values() for one in family}
        self.words: dict[rules.Line, list[str]] = {}
        self.rules: list[tuple[rules.PfRule, rules.Line]] = []
        self.tables: dict[str, tuple[str, ...]] = {}
        self.definitions: list[str] = []
        self.extent = dict(_extents(text))
        self.lost: list[tuple[rules.Line, list[str], str]] = []
        macros = rules.Macros()
        for line in rules.lines(text, file):
            words = re.findall(r"[\w.:]+", line.text)
            try:
                if not line.text or macros.define(line):
                    self.definitions += [line.text] if line.text else []
                    continue
                words = rules.with_addresses(macros.words(line.text), known)
                one = rules.statement(words)
            except rules.LostError as wrong:
                self.lost.append((line, words, str(wrong)))
                continue
            if isinstance(one, rules.PfTable):
                # What a file adds is not known here: the table stays pf.conf's, and [host] tables names it.
                self.tables[f"<{one.name}>"] = () if one.files else one.addresses or ()
                self.definitions.append(line.text)
            else:
                self.rules.append((one, line))
                self.words[line] = words

    def of(self, own: dict[str, list[str]]) -> list[tuple[rules.PfRule, rules.Line]]:
        """The rules that are about a jail, with its own addresses only: they redirect to it, let in to it, or translate and let
        out what it sends. A rule that is also about what is no jail stays whole; one that redirects to several jails is the first one's, with
        what lets in there.
        """
        mine = {one for family in own.values() for one in family}
        pools = [rule for rule, _ in self.rules if rule.action == "rdr" and rule.target[0] in mine]
        found = []
        for rule, line in self.rules:
            words = rule.target if rule.action == "rdr" else rule.source if _leaves(rule) else rule.to
            ends = [end for word in words for end in self.tables.get(word, (word,))]
            shared = {one for pool in pools if _opens(rule, pool) for one in pool.target}
            here = tuple(end for end in ends if end in mine | shared)
            if rule.action == "rdr" and ends[0] not in mine:
                continue
            if not here or not set(ends) <= self.jails:
                continue
            if rule.action == "rdr":
                found.append((rule, line))
            else:
                found.append((replace(rule, source=here) if _leaves(rule) else replace(rule, to=here), line))
        return found

    def text(self, rule: rules.PfRule, line: rules.Line, own: dict[str, list[str]]) -> str:
        """A statement with macros filled in, and without the addresses of jails that this one has nothing to do with."""
        mine = {one for family in own.values() for one in family} | {*rule.source, *rule.to} & self.jails
        found: list[str] = []
        for word in self.words[line]:
            members = self.tables.get(word, ())
            if mine & set(members):
                inside = found.count("{") > found.count("}")
                found += (
                    [one for one in members if one in mine]
                    if inside
                    else ["{", *(one for one in members if one in mine), "}"]
                )
            elif word not in self.jails or word in mine or "->" in found:
                found.append(word)
        return " ".join(found)


def _opens(rule: rules.PfRule, pool: rules.PfRule) -> bool:
    """Whether a rule is about what another redirects."""
    ports = [pool.target_port] if pool.target_port else pool.port
    meets = any(one.first <= port.last and port.first <= one.last for one in rule.port for port in ports)
    return (
        rule.action == "pass"
        and rule.direction != "out"
        and bool(set(rule.proto) & set(pool.proto))
        and (meets or not rule.port)
    )


def _leaves(rule: rules.PfRule) -> bool:
    return rule.action in ("nat", "binat") or rule.direction == "out"


def _imported(adapter: Adapter, read: _Read, jail: str, own: dict[str, list[str]]) -> Imported:
    assembly = rules.Assembly(adapter.settings.host, own, direct=adapter.settings.direct)
    assembly.context.tables = dict(read.tables)
    mine = read.of(own)
    assembly.take(mine)
    stays = {problem.place.line for problem, _ in assembly.lost if problem.place}
    for line, words, reason in read.lost:
        if {word for family in own.values() for word in family} & set(words):
            assembly.lose(line, reason)
    kept = {problem.place.line for problem, _ in assembly.lost if problem.place}
    warnings = [problem._replace(message=f"stays in the file: {problem.message}") for problem, _ in assembly.lost]
    assembly.lost.clear()
    tables = [
        rules.OtherDraft(keyword="table", name=name, keys={"addresses": list(read.tables[f"<{name}>"])})
        for name in _named(assembly) if read.tables.get(f"<{name}>") and name not in map(str, adapter.settings.host.tables)
    ]  # fmt: skip
    moved = sorted(
        (one for one in mine if one[1].place.line not in stays), key=lambda one: one[0].action in ("pass", "block")
    )
    before = "".join(f"{text}\n" for text in (*read.definitions, *(read.text(*one, own) for one in moved)))
    found = rules.finished(
        adapter.settings, jail, assembly, heading=[f"Imported from {mine[0][1].place.file} by `jailpf import pf.conf`."],
        write_own=False, before=before, warnings=warnings, tables=tables,
    )  # fmt: skip
    taken = frozenset(number for _, line in mine for number in read.extent.get(line.place.line, ()))
    return replace(found, taken=taken, kept=frozenset(number for line in kept for number in read.extent.get(line, ())))


def _named(assembly: rules.Assembly) -> list[str]:
    """The tables that the services name as senders, or the rest of the declaration anywhere."""
    words = [peer for one in assembly.services for peer in (*one.source, *(one.allow or {}).get("from", ()))]
    words += [
        str(word)
        for one in assembly.others
        for value in one.keys.values()
        for word in (value if isinstance(value, list) else [value])
    ]
    return list(dict.fromkeys(word.strip("!<>") for word in words if word.lstrip("!").startswith("<")))


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    yield from enumerate(text.splitlines(keepends=True), 1)


def _extents(text: str) -> Iterator[tuple[int, range]]:
    """The lines of each statement by its first: a line that ends with a backslash goes on."""
    first = 0
    for number, line in _numbered(text):
        first = first or number
        if not line.rstrip("\r\n").endswith("\\"):
            yield first, range(first, number + 1)
            first = 0
