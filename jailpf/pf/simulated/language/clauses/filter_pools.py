"""nat-to, rdr-to, binat-to and af-to in a filter rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from jailpf.pf.simulated.language.clauses.ends import family
from jailpf.pf.simulated.language.clauses.pools import behind, fitting, redirect
from jailpf.pf.simulated.language.lexing.problems import RuleError

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context
    from jailpf.pf.simulated.language.words.redirect import Redirect


class Translating(Protocol):
    """Where the options of a rule keep its pools."""

    nat: Redirect | None
    rdr: Redirect | None
    af_to: bool


def nat_to(c: Context, o: Translating) -> None:
    """nat-to, or binat-to. Raises RuleError."""
    how = c.stream.take()
    found = redirect(c)
    behind(c, found)
    if o.nat:
        raise RuleError("cannot respecify nat-to/binat-to")
    if how == "binat-to":
        found.binat = found.static_port = True
    o.nat = found


def rdr_to(c: Context, o: Translating) -> None:
    """rdr-to. Raises RuleError."""
    c.stream.take()
    found = redirect(c)
    behind(c, found)
    if o.rdr:
        raise RuleError("cannot respecify rdr-to")
    o.rdr = found


def af_to(c: Context, o: Translating) -> None:
    """af-to. Raises RuleError."""
    stream = c.stream
    stream.take()
    target = family(stream)
    stream.take("from")
    nat = redirect(c)
    rdr = redirect(c) if stream.accept("to") else None
    behind(c, rdr or nat)
    if o.nat:
        raise RuleError("cannot respecify af-to")
    if not target:
        raise RuleError("no address family specified")
    o.nat, o.af_to, nat.family = nat, True, target
    nat.nodes, nat.family = fitting(nat.nodes, target)
    if rdr:
        o.rdr, rdr.family = rdr, target
        rdr.nodes, rdr.family = fitting(rdr.nodes, target)
    if not nat.nodes or (rdr and not rdr.nodes):
        raise RuleError("af-to addresses must be in the target address family")
