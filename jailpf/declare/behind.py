"""The ways out of a jail. What nat sends from behind it is told from what it sends itself: the filter sees one translated source for both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from jailpf.declare.ways import Outlet, RenderError
from jailpf.model import Route
from jailpf.values import Peer

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from jailpf.declare.host import Host, Uplink
    from jailpf.model import Jail, Rule
    from jailpf.values import Family, Interface


Known: TypeAlias = (
    "dict[tuple[Family, tuple[Interface, ...], tuple[Peer, ...]], tuple[tuple[Rule, ...], tuple[Outlet, ...]]]"
)
"""What `Context.routes` was asked (the family, `on`, `source`), what translated then, and the answer."""


class Leaving(Protocol):
    """What a `Context` knows of who leaves."""

    jail: Jail
    host: Host
    translating: tuple[Rule, ...]
    reasons: list[str]

    @property
    def tag_behind(self) -> str:
        """As of Context."""

    def tag_by(self, uplink: str) -> str:
        """As of Context."""

    def translated(self, family: str, on: tuple[Interface, ...]) -> tuple[bool, bool]:
        """As of Context."""

    def error(self, message: str, key: str = "") -> RenderError:
        """As of Context."""


def outlets(context: Leaving, family: Family, on: tuple[Interface, ...], source: tuple[Peer, ...]) -> Iterator[Outlet]:
    """As `Context.routes`, which keeps what it was told."""
    links = {context.tag_by(link.interface): link for link in context.host.uplinks.values()}
    if on:
        cards = tuple(one for one in on if context.host.uplink(one) is None)
        wanted = [link for one in on if (link := context.host.uplink(one))]
    else:
        cards = tuple(dict.fromkeys(one for rule in context.translating if rule.tag not in links for one in rule.on))
        wanted = [links[tag] for tag in dict.fromkeys(rule.tag for rule in context.translating) if tag in links]
        cards = cards or (() if wanted else context.host.default_if)
    translating = tuple(rule for rule in context.translating if rule.family == family)
    if cards:
        others = {*links, context.tag_behind} if not source else links
        jail = tuple(map(Peer.of, context.jail.of(family)))
        tags, whole = tags_of(translating, jail, source, cards, others)
        if whole and not tags:
            context.reasons.append(f"what would leave by {' '.join(cards)} is translated for another interface")
        yield from [*(Outlet(cards, tag) for tag in tags), *([Outlet(cards)] * (not whole))]
    for link in wanted:
        for outlet in _by(context, link, family):
            keep_apart(translating, outlet.tagged, source)
            yield outlet


def _by(context: Leaving, link: Uplink, family: Family) -> Iterator[Outlet]:
    """nat stands on the default card: on the uplink's own pf never asks it, and the private address is let out."""
    card, gateway = context.host.default_if, link.to(family)
    tag = context.tag_by(link.interface)
    if gateway is None:
        context.reasons.append(f"{link.interface} has no {family} gateway")
    elif any(rule.tag == tag and rule.family == family for rule in context.translating):
        yield Outlet(card, tag, Route(word="route-to", interface=link.interface, gateway=gateway))
    elif not context.translated(family, card)[0]:
        yield Outlet(card, "", Route(word="route-to", interface=link.interface, gateway=gateway))
    else:
        raise context.error(
            f"traffic that leaves by {link.interface} needs its address; add a [nat.NAME] with that `on`", "on"
        )


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
                f"{one} would be let out as well: nat gives both the same tag, so pf cannot tell them apart; "
                "let `from` of nat list only what this `from` lists",
                "from",
            )


def holds(outer: Peer, inner: Peer) -> bool:
    """Whether one network holds another; False where only pf knows."""
    return bool(outer.network and inner.network and not outer.negated and inner.network.within(outer.network))
