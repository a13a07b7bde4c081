"""antispoof: the block rules that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.clauses.ends import family, interface, log_quick
from jailpf.pf.simulated.language.expansion.expand import expand
from jailpf.pf.simulated.language.lexing.problems import RuleError
from jailpf.pf.simulated.language.words.interfaces import Node, exists, is_loopback, lookup
from jailpf.pf.simulated.language.words.labels import NAME_MAX
from jailpf.pf.simulated.language.words.resolve import WHOLE
from jailpf.pf.simulated.language.words.small import label, rtable
from jailpf.pf.simulated.language.words.written import Interface, Lists
from jailpf.pf.simulated.rules.rule import Host, Rule

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context


def antispoof(c: Context) -> None:
    """For each interface: what comes from its network by another one, and what comes from its own address. Raises
    RuleError.
    """
    stream = c.stream
    stream.take("antispoof")
    log, quick = log_quick(stream)
    stream.take("for")
    names = stream.listed(lambda: _interface(c))
    base_family = family(stream)
    labels: list[str] = []
    ridentifier, table = 0, None
    while stream.at("label", "ridentifier", "rtable"):
        if stream.at("label"):
            label(stream, labels)
        elif stream.at("rtable"):
            table = rtable(stream)
        else:
            stream.take()
            ridentifier = stream.number() % 2**32
    stream.end()
    c.require(6)
    for text in labels:
        if len(text.encode()) > NAME_MAX:
            raise RuleError(f"rule label too long (max {NAME_MAX} chars)")
    base = Rule(
        "block",
        line=c.statement_line,
        block="drop",
        direction="in",
        log=log,
        quick=quick,
        family=base_family,
        labels=tuple(labels),
        ridentifier=ridentifier,
        rtable=table,
    )
    for name, dynamic in names:
        networks, addresses = _sources(c, name, dynamic)
        if networks:
            expand(c, base, Lists(interfaces=[Interface(name, True)], sources=networks))
        if addresses and not is_loopback(c.topology, name):
            expand(c, base, Lists(sources=addresses))


def _interface(c: Context) -> tuple[str, bool]:
    if not c.stream.accept("("):
        return interface(c), False
    name = interface(c)
    c.stream.take(")")
    return name, True


def _sources(c: Context, name: str, dynamic: bool) -> tuple[list[Node], list[Node]]:
    if dynamic:
        network = Host("dynamic", name=f"{name}:network", prefix=WHOLE)
        return [Node(network)], [Node(Host("dynamic", name=name, prefix=WHOLE))]
    if not exists(c.topology, name) and name != "self":
        # pfctl looks up what begins with the name, whatever it is
        return lookup(c.topology, name, {"network"}), lookup(c.topology, name, set())
    return lookup(c.topology, name, {"network"}), lookup(c.topology, name, set())
