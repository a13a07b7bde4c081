"""What the jail managers publish themselves: claims, and what no block rule stops on its way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.compile.pftext import rule_text
from jailpf.errors import JailpfError, Problem
from jailpf.managers.published import Published
from jailpf.model import Rule
from jailpf.values import Interface, Protocol

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from jailpf.lifecycle.session import Session
    from jailpf.values import Address, Family


def everything(session: Session) -> tuple[list[Published], list[Problem]]:
    """What they publish, and the lines of theirs that cannot be read. Their jails count whether they run or not."""
    found: list[Published] = []
    unread: list[Problem] = []
    for adapter in session.jails.adapters:
        try:
            for one in adapter.claims():
                if isinstance(one, Published):
                    found.append(one)
                else:
                    unread.append(one.problem)
        except JailpfError as wrong:  # what one manager cannot say keeps no jail of another from starting
            unread += wrong.problems
    return found, unread


def let_in(session: Session, jails: Container[str]) -> Iterator[Problem]:
    """A warning for each of these jails that its manager lets somebody in to, whatever is declared: `rdr pass`."""
    for one in everything(session)[0]:
        if one.passes and not one.weak and one.jail in jails:
            who = " and ".join(map(str, one.source)) or "everybody"
            port = f"its {'+'.join(one.proto)} port {one.jail_port}"
            by = f"by port {one.port}" if one.port else "by a port that changes at every start"
            yield Problem(
                f"{one.by} lets {who} in to {port} {by}, whatever is declared: no block rule stops an rdr pass on its way in",
                one.place,
                "declare the service (`jailpf import` can write it), and remove it there",
            )


def rules(session: Session) -> Iterator[tuple[str, list[str]]]:
    """(jail, the rdr pass rules that its manager loads), as far as it is known where they go."""
    found: dict[str, list[str]] = {}
    for one in everything(session)[0]:
        for family in one.families if one.passes and not one.weak and one.port else ():
            if (target := _target(session, one, family)) is not None:
                found.setdefault(one.jail, []).append(_text(one, family, target))
    yield from found.items()


def _target(session: Session, one: Published, family: Family) -> Address | None:
    if one.target is not None:
        return one.target if one.target.family == family else None
    try:
        return next(iter(session.jails.find(one.jail).of(family)), None)
    except JailpfError:
        return None


def _text(one: Published, family: Family, target: Address) -> str:
    assert one.port is not None  # noqa: S101 - asked before
    rule = Rule(
        action="rdr", on=_cards(one), family=family, proto=Protocol(one.proto), source=one.source, to=one.to,
        port=(one.port,), target=target, target_port=one.jail_port if one.jail_port != one.port else None,
    )  # fmt: skip
    return rule_text(rule).replace("rdr ", "rdr pass ", 1)


def _cards(one: Published) -> tuple[Interface, ...]:
    """Of a name that none can have all cards are meant, or too little would be told."""
    try:
        return tuple(map(Interface.parse, one.on))
    except ValueError:
        return ()
