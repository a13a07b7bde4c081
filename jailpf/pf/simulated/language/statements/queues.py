"""ALTQ: `altq` and `queue` lines. Queues decide how fast a packet goes, never whether; they are checked and printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import Problem
from jailpf.pf.simulated.language.clauses.ends import interfaces
from jailpf.pf.simulated.language.lexing.lexer import STRING
from jailpf.pf.simulated.language.lexing.problems import RuleError
from jailpf.pf.simulated.language.queueing.altq import add, check_altq, commit
from jailpf.pf.simulated.language.queueing.queue_model import Bandwidth, Child, Queue, QueueOptions
from jailpf.pf.simulated.language.queueing.queue_options import queue_options
from jailpf.pf.simulated.language.queueing.show_altq import altq_text, queue_text
from jailpf.pf.simulated.language.words.written import NOWHERE, Interface

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context

_NAME_MAX = 63
_QUEUE = 4
_TREES = {"cbq", "hfsc", "fairq"}


def altq(c: Context) -> None:
    """`altq on IF ... queue { ... }`. Raises RuleError."""
    stream = c.stream
    stream.take("altq")
    on = interfaces(c)
    o = queue_options(stream)
    stream.take("queue")
    names = _names(c)
    c.require(_QUEUE)
    if not o.scheduler:
        raise RuleError("no scheduler specified!")
    if not names and o.scheduler != "codel":
        raise RuleError("no child queues specified")
    if c.path:  # pfctl -a leaves queues alone
        return
    errors = sum(_altq_on(c, interface, o, names) for interface in on or [NOWHERE])
    if errors:
        raise RuleError


def _altq_on(c: Context, interface: Interface, o: QueueOptions, names: list[str]) -> int:
    if interface.negated:
        c.complain("altq on ! <interface> is not supported")
        return 1
    known = c.known_queues()
    queue = Queue("", "", interface.name, o.scheduler, qlimit=o.qlimit, tbrsize=o.tbrsize, options=o)
    problems = check_altq(queue, o.bandwidth)
    errors = _say(c, problems)
    if not errors:
        known.interfaces[interface.name] = known.last = queue
    children = f"queue {{ {''.join(name + ' ' for name in names)}}}" if names else ""
    c.echo(altq_text(queue, o) + children)
    root = ""
    if o.scheduler in _TREES:
        root = f"root_{interface.name}"
        top = Queue(root, "", interface.name, o.scheduler, options=o)
        whole = Bandwidth(queue.ifbandwidth)
        errors += _say(c, add(known.interfaces, known.queues, top, whole))
    known.children += [Child(name, root, interface.name, o.scheduler) for name in names or ([""])]
    return errors


def queue(c: Context) -> None:
    """`queue NAME ...`. Raises RuleError."""
    stream = c.stream
    stream.take("queue")
    name = stream.string()
    on = interfaces(c)
    o = queue_options(stream)
    names = _names(c)
    c.require(_QUEUE)
    if len(name.encode()) > _NAME_MAX:
        raise RuleError(f"queue name too long (max {_NAME_MAX} chars)")
    if o.tbrsize:
        raise RuleError("cannot specify tbrsize for queue")
    if c.path:
        return
    if not c.known_queues().children:
        c.complain(f"queue {name} has no parent")
        raise RuleError("errors in queue definition")
    try:
        errors = _expand(c, name, on or [NOWHERE], o, names)
    except RuleError as error:
        raise RuleError(*error.complaints, "errors in queue definition") from None
    if errors:
        raise RuleError("errors in queue definition")


def _expand(c: Context, name: str, on: list[Interface], o: QueueOptions, names: list[str]) -> int:
    known = c.known_queues()
    found = errors = 0
    for interface in on:
        at = 0
        while at < len(known.children):  # which grows
            child = known.children[at]
            at += 1
            here = child.interface == interface.name
            if child.name != name or (interface.name and here == interface.negated):
                continue
            found += 1
            _check_scheduler(child, o, names)
            new = Queue(name, child.parent, child.interface, child.scheduler, o.priority, o.qlimit, options=o)
            failed = _say(c, add(known.interfaces, known.queues, new, o.bandwidth))
            errors += failed
            known.last = known.last if failed else new
            for inner in names:
                if inner == name:
                    c.complain("queue cannot have itself as child")
                    errors += 1
                else:
                    known.children.append(Child(inner, name, child.interface, child.scheduler))
            if interface.name or found == 1:
                children = f"{{ {''.join(inner + ' ' for inner in names)}}}" if names else ""
                c.echo(queue_text(known.last or new, o, bool(interface.name)) + children)
    if not found:
        c.complain(f"queue {name} has no parent")
        errors += 1
    return errors


def _check_scheduler(child: Child, o: QueueOptions, names: list[str]) -> None:
    if o.scheduler and o.scheduler != child.scheduler:
        raise RuleError("exactly one scheduler type per interface allowed")
    if child.scheduler == "priq":
        if names:
            raise RuleError("priq queues cannot have child queues")
        if o.bandwidth.absolute > 0 or o.bandwidth.percent < 100:
            raise RuleError("priq doesn't take bandwidth")


def _say(c: Context, problems: list[tuple[str, bool]]) -> int:
    """Complain without a place; those that are only warnings do not count."""
    for message, fatal in problems:
        if fatal:
            c.complain(message, placed=False)
        else:
            c.result.warnings.append(Problem(message))
    return int(any(fatal for _, fatal in problems))


def _names(c: Context) -> list[str]:
    """The names of children. Behind one nothing is read before the line is judged, so that its faults are told first."""
    if not c.stream.at(STRING, "{"):
        c.stream.end()
        return []
    return c.stream.listed(lambda: _name(c))


def _name(c: Context) -> str:
    name = c.stream.string()
    if len(name.encode()) > _NAME_MAX:
        raise RuleError(f"queue name '{name}' too long (max {_NAME_MAX} chars)")
    return name


def commit_queues(c: Context) -> None:
    """What pfctl checks at the end: one default queue on each interface."""
    problems = commit(c.known_queues().interfaces)
    for problem in problems:
        c.complain(problem, placed=False)
    if problems:
        c.complain("errors in altq config", placed=False)
