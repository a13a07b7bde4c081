"""The statements of a pf.conf: which of them are rules, and what is known of the others."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jailpf.plugin import JailpfError, Problem
from jailpf.plugin import importing as rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Known = dict[str, dict[str, list[str]]]
"""jail -> family -> addresses"""
FILTER = ("pass", "block", "match", "antispoof", "anchor", "load")
TRANSLATION = ("nat", "rdr", "binat", "no", "nat-anchor", "rdr-anchor", "binat-anchor")
DEEPEST = 16
_INCLUDE = re.compile(r'include\s+"?([^"\s]+)"?')
QUICK_ONLY = re.compile(r'"?(f2b|ftp-proxy|miniupnpd|blacklistd|blocklistd|relayd|tftp-proxy)\b')
"""Anchors whose programs write no rule but `quick` ones."""


@dataclass(frozen=True)
class Statement:
    """One of the file. rule: None for what is no rule, or one that a declaration has no word for, for the reason in `lost`;
    shape: whom it is about, None where that cannot be told; number: that of its first line in the file, or of the line that
    includes it."""

    number: int
    line: rules.Line
    words: tuple[str, ...]
    rule: rules.PfRule | None = None
    lost: str = ""
    shape: rules.PfRule | None = None

    @property
    def first(self) -> str:
        """Its first word: what it does."""
        return self.words[0] if self.words else ""

    def is_a(self, word: str) -> bool:
        """Whether it is `nat`, `rdr` or `binat`, or an exception of these."""
        return self.first == word or self.words[:2] == ("no", word)

    def tags(self, word: str) -> set[str]:
        """What stands behind `tag` or `tagged`."""
        return {name.strip('"') for at, name in zip(self.words, self.words[1:], strict=False) if at == word}

    def same(self) -> object:
        """What is equal for redirections of which only the first counts, whatever they lead to."""
        rule = self.rule
        return rule and tuple(
            map(str, (rule.on, rule.family, rule.proto, rule.source, rule.source_port, rule.to, rule.port))
        )

    def calls_below(self, parents: Sequence[str]) -> bool:
        """Whether it calls what is below one of these anchors."""
        name = self.words[1].strip('"') if len(self.words) > 1 else ""
        return self.first.endswith("anchor") and any(name.startswith(f"{parent}/") for parent in parents)

    @property
    def filters(self) -> bool:
        """Whether it is one of filtering, or calls such."""
        return self.first in FILTER

    @property
    def quick(self) -> bool:
        """Whether no later rule counts."""
        return self.rule.quick if self.rule else "quick" in self.words

    @property
    def blocks(self) -> bool:
        """Whether it may keep somebody out whom an earlier rule without `quick` lets in."""
        return self.first in ("block", "antispoof") or self._calls_unknown

    @property
    def blocks_at_once(self) -> bool:
        """Whether it may keep somebody out whatever comes later."""
        return self.filters and self.first not in ("pass", "match") and (self.quick or self.calls)

    @property
    def passes_at_once(self) -> bool:
        """Whether it may let somebody in whatever comes later."""
        return (self.first == "pass" and self.quick) or self.calls

    @property
    def calls(self) -> bool:
        """Whether rules of elsewhere, or of an anchor in braces, stand in its place."""
        return self.first == "anchor" or (self.line.inside and self.filters)

    @property
    def _calls_unknown(self) -> bool:
        return self.first == "anchor" and not (len(self.words) > 1 and QUICK_ONLY.match(self.words[1]))


@dataclass
class Statements:
    """Those of a file, in order. tables: members by "<name>", () where they are not all known; definitions: what macros and
    tables stand for; named: those with names of jails, with the addresses instead; absent: files of tables that are not there."""

    all: list[Statement]
    tables: dict[str, tuple[str, ...]]
    definitions: list[str]
    named: dict[str, str]
    absent: list[Problem] = field(default_factory=list)


def read(text: str, file: str, known: Known) -> Statements:
    """The statements of a pf.conf, and of what it includes. known: jails, whose names stand for their addresses."""
    found = Statements([], {}, [], {})
    macros = rules.Macros()
    for line, number in _lines(text, file):
        words = macros.words(
            line.text, unknown=True
        )  # whose it is can be told of a statement that is not understood, too
        try:
            if macros.define(line):
                found.definitions.append(line.text)
                continue
            words = rules.with_addresses(plain := macros.words(line.text), known)
            if words != plain and line.last == line.place.line:
                found.named[line.text] = " ".join(words)
            one = rules.statement(words)
        except rules.LostError as wrong:
            # An exception for the whole host is where it belongs.
            lost = "" if words[:1] == ["no"] and line.place.file == file else str(wrong)
            found.all.append(Statement(number, line, tuple(words), lost=lost, shape=_exception(words)))
            continue
        if isinstance(one, rules.PfTable):
            # What a file adds is not known here: the table stays pf.conf's, and [host] tables names it.
            found.tables[f"<{one.name}>"] = () if one.files else one.addresses or ()
            found.definitions.append(line.text)
            found.absent += _absent(one, line)
        elif elsewhere := _elsewhere(line, file):
            found.all.append(Statement(number, line, tuple(words), lost=elsewhere, shape=None if line.inside else one))
        else:
            found.all.append(Statement(number, line, tuple(words), one, shape=one))
    return found


def _absent(table: rules.PfTable, line: rules.Line) -> Iterator[Problem]:
    """Files that a table names and that are not there: pfctl refuses the whole file, old or new (facts.md section 2)."""
    for name in table.files:
        try:
            if os.path.isabs(name):  # else it hangs on where pfctl is called
                os.stat(name)
        except FileNotFoundError:
            what = f"{name} does not exist, so pfctl refuses to load the file"
            yield Problem(what, line.of(f'file "{name}"'), f"create it with the addresses of <{table.name}>")
        except OSError:
            continue


def _lines(text: str, file: str, depth: int = 0) -> Iterator[tuple[rules.Line, int]]:
    for line in rules.lines(text, file):
        if line.text:
            yield line, line.place.line
        if (included := _INCLUDE.fullmatch(line.text)) and depth < DEEPEST:
            with suppress(FileNotFoundError, JailpfError):
                yield from (
                    (one, line.place.line) for one, _ in _lines(rules.text_of(included[1]), included[1], depth + 1)
                )


def _elsewhere(line: rules.Line, file: str) -> str:
    if line.place.file != file:
        return f"it is in a file that {file} includes; move it into this one, and import again"
    return "it is within the braces of an anchor; move it out of there, and import again" if line.inside else ""


def _exception(words: Sequence[str]) -> rules.PfRule | None:
    """What a `no rdr` or `no nat` is about."""
    if words[:1] != ["no"]:
        return None
    try:
        one = rules.statement([*words[1:], "->", "192.0.2.1"])
    except rules.LostError:
        return None
    return one if isinstance(one, rules.PfRule) else None


def text_of(
    one: Statement, rule: rules.PfRule, mine: set[str], jails: set[str], tables: Mapping[str, tuple[str, ...]]
) -> str:
    """A statement with macros filled in, and without the addresses of jails that `mine` has nothing to do with."""
    mine = mine | {*rule.source, *rule.to} & jails
    found: list[str] = []
    for word in one.words:
        members = tables.get(word, ())
        if mine & set(members):
            own = [member for member in members if member in mine]
            found += own if found.count("{") > found.count("}") else ["{", *own, "}"]
        elif word not in jails or word in mine or "->" in found:
            found.append(word)
    return " ".join(found)
