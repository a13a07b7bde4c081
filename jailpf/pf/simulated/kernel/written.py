"""Rules that are kept as the text that pfctl prints, and read when somebody looks at them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from jailpf.pf.simulated.host.topology import Topology
from jailpf.pf.simulated.language.parse import parse
from jailpf.pf.simulated.rules.addresses import parse_address
from jailpf.pf.simulated.rules.rule import SECTIONS, Rule
from jailpf.pf.simulated.rules.show import rule_text

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS = re.compile(r"(?:nat-|rdr-|binat-)?anchor\b")
# An address or anything else behind `to`, and a single port: what stands before a label or a tag is pfctl's own.
_END = re.compile(
    r'(?:no )?(?:nat|rdr|pass|block|match)\b[^"]*? to (?:(?P<to>[0-9a-fA-F.:]+)(?= (?!- )|$)|\S+)(?: port = (?P<port>[0-9]+)(?= |$))?'
)
_ALL = re.compile(r'(?:no )?(?:nat|rdr|pass|block|match)\b[^"]* all(?= |$)')
# What stands before the family: action and interface. What a rdr is for, and what a nat sends from, as long as it is no table.
_HEAD = r'(?P<head>(?:no )?%s\b[^"]*?(?= (?:inet6?|proto|from|all)(?: |$)))'
_FILTER = re.compile(_HEAD % "(?:pass|block|match)")
_RDR = re.compile(_HEAD % "rdr" + r'[^"<]*? to (?P<to>[0-9a-fA-F.:/]+|any)(?= (?!- )|$)')
_NAT = re.compile(_HEAD % "(?:nat|binat)" + r'[^"]*? (?P<to>-> [^<"]*)$')
# What rule_text(quoted=True) writes otherwise than pfctl prints it, beyond the quotes of tags.
_OTHERWISE = re.compile(r"\\|! (?:0\.0\.0\.0|::)/0|binat|anchor|-to |map-e|:\*|[{}]")
_QUOTED = re.compile(r'( tag| tagged) "([^"]*)"|"[^"]*"')


class Written(Sequence[Rule]):
    """The rules of one section: line number and text of each. printed: tags stand without quotes, as pfctl prints them."""

    def __init__(
        self, lines: Sequence[tuple[int, str]], topology: Topology | None = None, printed: bool = False
    ) -> None:
        self.lines, self.topology, self.printed = lines, topology or Topology(), printed
        self._read: list[Rule | None] = [None] * len(lines)
        self._left = len(lines)

    def __len__(self) -> int:
        return len(self.lines)

    @overload
    def __getitem__(self, at: int) -> Rule: ...
    @overload
    def __getitem__(self, at: slice) -> list[Rule]: ...
    def __getitem__(self, at: int | slice) -> Rule | list[Rule]:
        if isinstance(at, slice):
            return list(self)[at]
        found = self._read[at]
        if found is None:
            number, text = self.lines[at]
            found = self._read[at] = _at(self._parse(text)[0], number)
        return found

    def __iter__(self) -> Iterator[Rule]:
        """All of them, read at once: that is quicker than one by one."""
        if None in self._read:
            found = self._parse("\n".join(text for _, text in self.lines))
            if len(found) == len(self.lines):
                for at, (rule, (number, _)) in enumerate(zip(found, self.lines, strict=True)):
                    self._read[at] = self._read[at] or _at(rule, number)
        return (self[at] for at in range(len(self.lines)))

    def _parse(self, text: str) -> list[Rule]:
        found = parse(text + "\n", self.topology, lenient=True, printed=self.printed).rules
        return next((found[section] for section in SECTIONS if found[section]), [Rule("unknown", text=text)])

    def calls(self, at: int) -> bool:
        """Whether it is a line that calls an anchor."""
        return CALLS.match(self.lines[at][1]) is not None

    def redirects(self, at: int) -> bool:
        """Whether it is a rule with rdr-to."""
        return " rdr-to " in self.lines[at][1]

    def texts(self) -> Iterator[str]:
        """Each as pfctl prints it; hardly any has to be read for that."""
        for at, (_, text) in enumerate(self.lines):
            if self.printed or _OTHERWISE.search(text):
                yield rule_text(self[at])
            else:
                yield _QUOTED.sub(lambda one: f"{one[1]} {one[2]}" if one[1] else one[0], text)

    def names(self, at: int) -> tuple[str, ...] | None:
        """Words that are the same only in rules of one action, interface and address (for a rdr the one it takes, for a nat
        those it sends from); None where that takes reading it.
        """
        text = self.lines[at][1]
        found = _FILTER.match(text) or _RDR.match(text) or _NAT.match(text)
        return tuple(found.groups()) if found else None

    def ends(self, at: int) -> tuple[int, int] | None:
        """The one address and the one port that a rule is for, -1 for any or several; None where that takes reading it."""
        text = self.lines[at][1]
        found = _END.match(text)
        if found is None:
            return (-1, -1) if _ALL.match(text) else None
        try:
            to = parse_address(found["to"]).number if found["to"] else -1
        except ValueError:
            return None
        return to, int(found["port"]) if found["port"] else -1


def _at(rule: Rule, line: int) -> Rule:
    object.__setattr__(rule, "line", line)  # the rule was made here and nobody else has it yet
    return rule
