"""What will become the tables of a declaration, while it is being put together."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from jailpf.managers.importing.language.words import all_of_a_family
from jailpf.managers.importing.port_groups import group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jailpf.values import Port

EVERYBODY = {"inet": "0.0.0.0/0", "inet6": "::/0"}
Pairs = tuple[tuple["Port | None", "Port"], ...]
"""((outside, inside), ...); outside is None where nothing is redirected."""


@dataclass(frozen=True, kw_only=True)
class ServiceDraft:
    """A service. to: {family: peers outside, () for the host's default}; target: {family: addresses}, {} for the jail;
    deal: the keys by which several share the work;
    messages: types of ICMP, () for all; tag: what the rdr marks it with, by which a `tagged` finds it; family: of what is not redirected, "" for those of the jail.

    partly: (how, which targets) of rules that let in to some of several, until they are all; allow: None where no rule lets in; comments: those of the rules it came from.
    """

    proto: tuple[str, ...]
    pairs: Pairs = ()
    source: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    to: dict[str, tuple[str, ...]] = field(default_factory=dict)
    target: dict[str, tuple[str, ...]] = field(default_factory=dict)
    deal: tuple[str, ...] = ()
    family: str = ""
    messages: tuple[str, ...] = ()
    tag: str = ""
    partly: tuple[tuple[str, frozenset[str]], ...] = ()
    redirected: bool = True
    allow: dict[str, Any] | None = None
    comments: tuple[str, ...] = ()

    @property
    def inside(self) -> list[Port]:
        """The ports in the jail."""
        return [inside for _, inside in self.pairs]

    def of_pairs(self, pairs: Iterable[tuple[Port | None, Port]]) -> ServiceDraft:
        """The same with some of the ports."""
        return replace(self, pairs=tuple(pairs))


@dataclass(frozen=True, kw_only=True)
class OtherDraft:
    """A table of a jail-scoped rule type, ready but for its name."""

    keyword: str
    name: str
    keys: dict[str, Any]
    comments: tuple[str, ...] = ()


Draft = TypeVar("Draft", ServiceDraft, OtherDraft)
SAME = ("pairs", "messages", "on", "redirected", "allow", "deal", "tag")


def of_both_families(drafts: Iterable[ServiceDraft]) -> list[ServiceDraft]:
    """One draft for what differs in nothing but the family."""
    return fold(drafts, _families, lambda draft: _of(draft, *SAME, "proto"))


def of_both_protocols(drafts: Iterable[ServiceDraft]) -> list[ServiceDraft]:
    """One draft for what differs in nothing but the protocol."""
    return fold(drafts, _protocols, lambda draft: _of(draft, *SAME, "to", "target", "source"))


def grouped(drafts: Iterable[ServiceDraft]) -> list[ServiceDraft]:
    """One draft for ports that usually belong to one service, such as 80 and 443, and differ in nothing else."""
    others = [one.name for one in fields(ServiceDraft) if one.name not in ("pairs", "comments")]
    return fold(drafts, _ports, lambda draft: (_of(draft, *others), _group(draft) or id(draft)))


def fold(
    drafts: Iterable[Draft], join: Callable[[Draft, Draft], Draft | None], alike: Callable[[Draft], object]
) -> list[Draft]:
    """Those that `join` makes one of two as one. alike: what two drafts, and the one that they become, have in common. Only those are tried with each other."""
    found: list[Draft] = []
    near: dict[object, list[int]] = {}
    for draft in drafts:
        tried = near.setdefault(alike(draft), [])
        for number in tried:
            if (joined := join(found[number], draft)) is not None:
                found[number] = joined
                break
        else:
            tried.append(len(found))
            found.append(draft)
    return found


def _of(draft: ServiceDraft, *keys: str) -> str:
    values = [getattr(draft, key) for key in keys]
    return repr([sorted(value.items()) if isinstance(value, dict) else value for value in values])


def _group(draft: ServiceDraft) -> str:
    return group([inside.first for inside in draft.inside])


def _families(one: ServiceDraft, other: ServiceDraft) -> ServiceDraft | None:
    if set(one.to) & set(other.to) or not _same(one, other) or one.proto != other.proto:
        return None
    if bool(one.target) != bool(other.target) or not _sources_join(one.source, other.source):
        return None
    source = tuple(dict.fromkeys(one.source + other.source))
    source = () if set(source) == set(EVERYBODY.values()) else source
    family = one.family if one.family == other.family else ""
    joined = replace(
        one, to={**one.to, **other.to}, target={**one.target, **other.target}, source=source, family=family
    )
    return replace(joined, comments=_comments(one, other))


def _protocols(one: ServiceDraft, other: ServiceDraft) -> ServiceDraft | None:
    if set(one.proto) & set(other.proto) or not one.pairs:
        return None
    if replace(one, proto=(), comments=()) != replace(other, proto=(), comments=()):
        return None
    return replace(one, proto=one.proto + other.proto, comments=_comments(one, other))


def _ports(one: ServiceDraft, other: ServiceDraft) -> ServiceDraft | None:
    pairs = one.pairs + other.pairs
    if replace(one, pairs=(), comments=()) != replace(other, pairs=(), comments=()):
        return None
    if len({inside for _, inside in pairs}) < len(pairs) or not _group(one.of_pairs(pairs)):
        return None
    return replace(one, pairs=pairs, comments=_comments(one, other))


def _same(one: ServiceDraft, other: ServiceDraft) -> bool:
    return all(getattr(one, key) == getattr(other, key) for key in SAME)


def _sources_join(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """The same peers, or such that each holds in its own family only."""
    if one == other:
        return True
    return bool(one and other) and all_of_a_family(one + other)


def _comments(one: ServiceDraft, other: ServiceDraft) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.comments + other.comments))
