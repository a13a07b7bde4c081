"""What nat sends from behind a jail, told from what the jail itself sends: the filter sees one translated source for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.declare.ways import RenderError

if TYPE_CHECKING:
    from collections.abc import Container

    from jailpf.model import Rule
    from jailpf.values import Interface, Peer


def tags_of(
    translating: tuple[Rule, ...],
    jail: tuple[Peer, ...],
    source: tuple[Peer, ...],
    on: tuple[Interface, ...],
    others: Container[str],
) -> tuple[list[str], bool]:
    """By which tags what is sent is known on these interfaces, and whether all of it is. translating: the rules of
    the family; source: () for the jail's own; others: the tags that are no part of it. Raises RenderError where one of the tags is others', too.
    """
    sent = source or jail
    rules = [rule for rule in translating if not rule.on or set(rule.on) & set(on)]
    mine = [rule for rule in rules if any(one.meets(two) for one in rule.source for two in sent)] if source else rules
    whole: set[Interface] = set()
    for rule in mine:
        all_of_it = all(any(holds(one, two) for one in rule.source) for two in sent)
        if all_of_it and not (rule.proto or rule.to or rule.port):
            whole |= set(rule.on or on)
    tags = [tag for tag in dict.fromkeys(rule.tag for rule in mine) if tag not in others]
    for tag in tags:
        keep_apart(translating, tag, source)
    return tags, set(on) <= whole


def keep_apart(translating: tuple[Rule, ...], tag: str, source: tuple[Peer, ...]) -> None:
    """Raise RenderError where something has that tag that `source` does not name: it would be let out with it."""
    rules = [rule for rule in translating if rule.tag == tag and tag]
    for one in dict.fromkeys(peer for rule in rules if source for peer in rule.source):
        if not any(holds(two, one) for two in source):
            raise RenderError(
                f"{one} would be let out with it: what nat translates is known by one tag, and pf cannot tell them apart; "
                "name in `from` of nat only what is in this one",
                "from",
            )


def holds(outer: Peer, inner: Peer) -> bool:
    """Whether one network holds another; False where only pf knows."""
    return bool(outer.network and inner.network and not outer.negated and inner.network.within(outer.network))
