"""From blocks to jails: what stands outside and in wildcards is added in the order of the file, then variables are put in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.managers.jailparse.lexer import decoded
from jailpf.managers.jailparse.parser import JailConfError

if TYPE_CHECKING:
    from jailpf.managers.jailparse.parser import Block, Parameter, Piece

FIXED = ("jid", "name")
_KNOWN = """
allow.dying command depend exec.clean exec.consolelog exec.fib exec.jail_user exec.poststart exec.poststop exec.prepare exec.prestart
exec.prestop exec.release exec.created exec.start exec.stop exec.system_jail_user exec.system_user exec.timeout interface ip_hostname
mount mount.devfs mount.fdescfs mount.procfs mount.fstab stop.timeout vnet.interface zfs.dataset allow.chflags allow.mount
allow.raw_sockets allow.set_hostname allow.socket_af allow.sysvipc devfs_ruleset host.hostname ip4.addr ip6.addr jid name path persist
securelevel vnet
"""
KNOWN = _KNOWN.split()
"""The parameters that jail(8) itself looks at: no variable may have such a name."""


@dataclass(eq=False)
class _Entry:
    """A parameter, or a variable, of one jail. round: of the resolution that it is part of."""

    name: str
    variable: bool
    values: list[list[Piece]]
    fixed: bool = False
    bad: bool = False
    round: int = 0


def resolve(blocks: list[Block], warnings: list[str]) -> list[dict[str, tuple[str, ...]]]:
    """The jails with their parameters in jail(8)'s order. Raises JailConfError where jail(8) itself dies."""
    wild = [(number, block) for number, block in enumerate(blocks) if is_wild(block.name)]
    found = []
    for number, block in enumerate(blocks):
        if is_wild(block.name):
            continue
        jail = _Jail(block.name, warnings)
        given = [other for other in wild if matches(block.name, other[1].name)]
        for _, each in sorted([*given, (number, block)], key=lambda one: one[0]):
            for parameter in each.parameters:
                jail.add(parameter)
        found.append(jail.parameters())
    return found


def is_wild(name: str) -> bool:
    """Whether a part of the name is `*` alone."""
    return "*" in name.split(".")


def matches(jail: str, pattern: str) -> bool:
    """A `*` stands for one part of a name, as the last part for one or more."""
    parts, wanted = jail.split("."), pattern.split(".")
    while len(parts) > 1 and len(wanted) > 1:
        if wanted[0] not in ("*", parts[0]):
            return False
        parts, wanted = parts[1:], wanted[1:]
    return wanted == ["*"] or wanted == parts


def same(one: str, other: str) -> bool:
    """Whether two names are one parameter: `x` and `nox`, and `a.x` and `a.nox`."""
    if one == other or one == f"no{other}" or other == f"no{one}":
        return True
    head, dot, rest = one.partition(".")
    first, _, behind = other.partition(".")
    return bool(dot) and head == first and "." in other and same(rest, behind)


class _Jail:
    def __init__(self, name: str, warnings: list[str]) -> None:
        self.name, self.warnings = name, warnings
        self.entries: list[_Entry] = []
        number = re.fullmatch(r"[ \t\n\v\f\r]*([+-]?\d+)", name, re.ASCII)
        self.entries.append(_Entry("jid" if number and int(number[1]) else "name", False, [[(False, name)]], True))

    def warn(self, sentence: str) -> None:
        self.warnings.append(decoded(f"{self.name}: {sentence}"))

    def add(self, given: Parameter) -> None:
        """Add a parameter, replace its values, or append to them."""
        new = [list(value) for value in given.values]
        old = next((entry for entry in self.entries if same(entry.name, given.name)), None)
        if old is None:
            known = next((name for name in KNOWN if same(given.name, name)), "")
            self.entries.append(_Entry(given.name, given.variable, new, known in FIXED and not given.variable))
            if known and given.variable:
                self.warn(f'variable "${given.name}" cannot have the same name as a parameter.')
        elif old.variable != given.variable:
            self.warn(f'variable "${given.name}" cannot have the same name as a parameter.')
        elif old.fixed:
            self.warn(f'cannot redefine parameter "{old.name}".')
        else:
            old.name = given.name
            old.values = [*old.values, *new] if given.op == "+=" and new else new

    def parameters(self) -> dict[str, tuple[str, ...]]:
        """Without variables and the jid, every value as text."""
        if not any(same(entry.name, "name") for entry in self.entries):
            self.entries.append(_Entry("name", False, [[(False, self.name)]], True))
        self._put_in()
        return {
            decoded(entry.name): tuple(decoded("".join(text for _, text in value)) for value in entry.values)
            for entry in self.entries
            if not entry.variable and entry.name != "jid"
        }

    def _put_in(self) -> None:
        """A variable that itself has variables is moved before the one that needs it, and done first."""
        turn = at = 0
        while at < len(self.entries):
            turn += 1
            self.entries[at].round = turn
            while (needed := self._one(self.entries[at], turn)) is not None:
                needed.round = turn
                where = self.entries.index(needed)
                self.entries.pop(where)
                at -= where < at
                self.entries.insert(at, needed)
            at += 1

    def _one(self, entry: _Entry, turn: int) -> _Entry | None:
        """Put variables into one entry's values; the entry that has to be done before, None when all is done."""
        for value in entry.values:
            while (place := next((n for n, (variable, _) in enumerate(value) if variable), -1)) >= 0:
                name = value[place][1]
                source = next((one for one in self.entries if one.name == name), None)
                if source is None or not source.values:
                    self.warn(f'{entry.name}: variable "{name}" not found')
                elif not source.bad and source.round == turn:
                    self.warn(f"{name}: variable loop")
                elif not source.bad:
                    if any(variable for each in source.values for variable, _ in each):
                        return source
                    if len(source.values) == 1:
                        value[place : place + 1] = source.values[0]
                        continue
                    if not any(text for variable, text in value if not variable) and sum(v for v, _ in value) == 1:
                        raise JailConfError([f"{self.name}: jail(8) dies of a list in ${name} that is a whole value"])
                    self.warn(f"{entry.name}: array cannot be substituted inline")
                for one in self.entries:
                    one.bad = one.bad or one.round == turn
                value[place : place + 1] = [(False, "")]
        return None
