"""What the parts of an import have in common: whose addresses are whose, and what has to be said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jailpf.errors import Problem
from jailpf.managers.importing.language.lexer import LostError
from jailpf.managers.importing.language.words import family_of, peer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.declare.host import Host
    from jailpf.managers.importing.language.lexer import Line

MAIN_TABLES = {"inet": "<ext_ip4>", "inet6": "<ext_ip6>"}  # the names that pf.conf files usually have


@dataclass
class Context:
    """own: the jail's addresses by family; tables: members of the tables that are known;
    consumed: those whose members took the table's place; absent: tables, by "<name>", whose file is not there, and which; line: what is being read; direct: whether services are also reached without
    their rdr, by every interface; outside_only: whether `pass in` is said of the external interfaces, where it says none;
    neighbours: the addresses of all jails that are known."""

    host: Host
    own: dict[str, list[str]]
    tables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)
    consumed: set[str] = field(default_factory=set)
    absent: dict[str, Problem] = field(default_factory=dict)
    line: Line | None = None
    direct: bool = False
    outside_only: bool = False
    neighbours: frozenset[str] = frozenset()

    def warn(self, message: str, word: str = "", remedy: str = "") -> None:
        """Say it of the line that is being read, or of a word of it, once."""
        problem = Problem(message, self.line.of(word) if self.line else None, remedy)
        if problem not in self.warnings:
            self.warnings.append(problem)

    def left_out(self, verb: str, strange: list[str]) -> None:
        """Say once of a jail what else a rule was about: behind an rdr the filter sees the jail's own address."""
        message = f"it also {verb} {', '.join(strange)}, which is not this jail's address; this was left out, because after an rdr the filter sees the jail's own address"
        if not any(
            problem.message.partition(" also ")[2] == message.partition(" also ")[2] for problem in self.warnings
        ):
            self.warn(message)

    def peers(self, words: Iterable[str]) -> tuple[str, ...]:
        """Peers as declarations write them; () for any. Raises LostError."""
        found = tuple(peer(word, self.warn) for word in words)
        if len(found) > 1 and any(word.startswith("!") for word in found):
            raise LostError("a list with a negation matches nearly everyone; a table with `!` entries does not")
        for word in (one.lstrip("!") for one in found):
            if word.startswith("<") and not self.knows(word):
                remedy = (
                    f'if pf.conf has it, write tables = ["{word[1:-1]}"] in [host] of jailpf.toml, and import again'
                )
                raise LostError(f"no table {word} is defined; {remedy}")
        return () if found == ("any",) else found

    def knows(self, word: str) -> bool:
        """Whether a declaration may name the table."""
        outside = (one for family in MAIN_TABLES for one in self.host.outside(family))
        return (
            word in self.tables
            or word in MAIN_TABLES.values()
            or word[1:-1] in {str(one).strip("<>") for one in (*self.host.tables, *outside)}
        )

    def outside(self, words: tuple[str, ...], family: str) -> tuple[str, ...]:
        """Peers outside; () for the host's default. Raises LostError."""
        if not words:
            return ("any",)
        found = self.peers(words)
        default = tuple(map(str, self.host.outside(family)))
        if found == default:
            return ()
        if found == (MAIN_TABLES[family],):
            self.warn(
                f"{found[0]} became the host's address, {', '.join(default) or 'none'}; set ext_ip in jailpf.toml"
            )
            return ()
        if any(word.startswith("!") for word in found):
            raise LostError("this cannot be published; write an address")
        return found

    def on(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Interfaces; () for the external ones. Raises LostError."""
        if any(name.startswith("!") for name in names):
            raise LostError("a declaration has no negated interface")
        return () if set(names) == set(map(str, self.host.ext_if)) else names

    def uplink(self, hop: tuple[str, str]) -> tuple[str, ...]:
        """What `on` says of an uplink, by its card and gateway. Raises LostError where the settings have none like it."""
        card, gateway = hop
        for link in self.host.uplinks.values():
            if str(link.interface) == card and gateway in [str(one.address) for one in link.gateway]:
                return (card,)
        remedy = f"add [host.uplink.{card}] with interface and gateway to jailpf.toml, then import again"
        raise LostError(f"no uplink has the interface {card} and the gateway {gateway}; {remedy}")

    def is_own(self, word: str) -> bool:
        """Whether that is an address of the jail."""
        family = family_of(word)
        return family is not None and peer(word, lambda _: None) in self.own.get(family, ())

    def members(self, words: Iterable[str]) -> list[str]:
        """The words with the members of known tables in the place of the tables."""
        words = list(words)
        self.consumed.update(word for word in words if word in self.tables)
        return [member for word in words for member in self.tables.get(word, (word,))]
