"""scrub rules, and `scrub (...)` in a filter rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.clauses.ends import direction, family, from_to, interfaces, log_quick
from jailpf.pf.simulated.language.expansion.expand import expand
from jailpf.pf.simulated.language.lexing.problems import RuleError
from jailpf.pf.simulated.language.words.labels import NAME_MAX
from jailpf.pf.simulated.language.words.ports import protocols
from jailpf.pf.simulated.language.words.small import rtable, tos
from jailpf.pf.simulated.language.words.written import Lists
from jailpf.pf.simulated.rules.rule import Rule, Scrub

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context


@dataclass
class ScrubOptions:
    """What the options of scrub say; None is not said."""

    no_df: bool = False
    random_id: bool = False
    min_ttl: int | None = None
    max_mss: int | None = None
    set_tos: int | None = None
    reassemble_tcp: bool = False
    fragment: str = ""
    rtable: int | None = None
    tagged: tuple[str, bool] = ("", False)

    def scrub(self) -> Scrub:
        """What a rule keeps of it."""
        return Scrub(
            self.no_df,
            self.random_id,
            self.min_ttl or 0,
            self.max_mss or 0,
            self.set_tos,
            self.reassemble_tcp,
            self.fragment == "no",
        )


def scrub_options(c: Context, end: str) -> ScrubOptions:
    """Options with optional commas up to a token. Raises RuleError."""
    found = ScrubOptions()
    c.stream.series(lambda: _option(c, found), end)
    return found


def _option(c: Context, o: ScrubOptions) -> None:
    stream = c.stream
    kind = stream.peek()
    if kind in {"no-df", "random-id"}:
        stream.take()
        name = kind.replace("-", "_")
        if getattr(o, name):
            raise RuleError(f"{kind} cannot be respecified")
        setattr(o, name, True)
    elif kind in {"min-ttl", "max-mss"}:
        stream.take()
        number = stream.integer()
        name = kind.replace("-", "_")
        if getattr(o, name) is not None:
            raise RuleError(f"{kind} cannot be respecified")
        if not 0 <= number <= (255 if kind == "min-ttl" else 65535):
            raise RuleError(f"illegal {kind} value {(number + 2**31) % 2**32 - 2**31}")
        setattr(o, name, number)
    elif kind == "set-tos":
        stream.take()
        number = tos(stream)
        if o.set_tos is not None:
            raise RuleError("set-tos cannot be respecified")
        o.set_tos = number
    elif kind == "fragment":
        stream.take()
        word = "no" if stream.accept("no") else "yes"
        stream.take("reassemble")
        if o.fragment:
            raise RuleError("fragcache cannot be respecified")
        o.fragment = word
    elif kind == "reassemble":
        _reassemble(c, o)
    elif kind == "rtable":
        o.rtable = rtable(stream)
    else:
        negated = stream.accept("!")
        stream.take("tagged")
        o.tagged = (stream.strings(), negated)


def _reassemble(c: Context, o: ScrubOptions) -> None:
    c.stream.take("reassemble")
    what = c.stream.string()
    if what.lower() != "tcp":
        raise RuleError(f"scrub reassemble supports only tcp, not '{what}'")
    if o.reassemble_tcp:
        raise RuleError("reassemble tcp cannot be respecified")
    o.reassemble_tcp = True


def scrub_rule(c: Context, no: bool) -> None:
    """A scrub rule behind its word. Raises RuleError."""
    stream = c.stream
    way = direction(stream)
    log, quick = log_quick(stream)
    lists = Lists(interfaces=interfaces(c))
    base_family = family(stream)
    lists.protocols = protocols(c.stream)
    ends = from_to(c)
    o = ScrubOptions() if stream.at("\n") else scrub_options(c, "\n")
    c.require(3)
    if quick:
        raise RuleError("scrub rules do not support 'quick'")
    if o.reassemble_tcp and way:
        raise RuleError("reassemble tcp rules can not specify direction")
    if len(o.tagged[0].encode()) > NAME_MAX:
        raise RuleError(f"tag too long, max {NAME_MAX} chars")
    lists.sources, lists.source_ports, lists.systems, lists.destinations, lists.destination_ports = ends
    base = Rule(
        "scrub",
        line=c.statement_line,
        no=no,
        direction=way,
        log=log,
        family=base_family,
        tagged=o.tagged[0],
        not_tagged=o.tagged[1],
        rtable=o.rtable,
        scrub=o.scrub(),
    )
    expand(c, base, lists)
