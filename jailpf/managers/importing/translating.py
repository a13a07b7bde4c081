"""nat, binat, `pass out` and `block` rules as the jail-scoped tables of a declaration."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from jailpf.managers.importing.drafts import EVERYBODY, OtherDraft, fold
from jailpf.managers.importing.language.lexer import LostError
from jailpf.managers.importing.language.words import family_of, network, peer
from jailpf.managers.importing.writing import one_or_all, port_list

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.managers.importing.context import Context
    from jailpf.managers.importing.language.rule_data import PfRule


def nat(rule: PfRule, context: Context, comments: tuple[str, ...]) -> OtherDraft:
    """[nat.out]. Raises LostError for what is more than this jail's, or more than one address."""
    _must_be_own(rule, context, "[host] nat in jailpf.toml translates for all jails")
    keys = {"address": [_address(rule, context)], **_where(rule, context)}
    if rule.port and not rule.proto:
        # pfctl(8) takes that of a nat rule alone; a declaration's port is of a protocol.
        context.warn("its port without a protocol became tcp and udp")
        keys["proto"] = "tcp+udp"
    if rule.static_port:
        keys["static_port"] = True
    return OtherDraft(keyword="nat", name="out", keys=keys, comments=comments)


def binat(rule: PfRule, context: Context, comments: tuple[str, ...]) -> OtherDraft:
    """[binat.public]. Raises LostError."""
    _must_be_own(rule, context, "a binat is for one jail")
    if rule.to or rule.proto or rule.port:
        raise LostError("binat of a declaration has no `to`, `proto` or `port`")
    address = _address(rule, context)
    if address.startswith("("):
        raise LostError("binat of a declaration needs an address")
    keys = {"address": [address], **_where(rule, context)}
    return OtherDraft(keyword="binat", name="public", keys=keys, comments=comments)


def out(rule: PfRule, context: Context, comments: tuple[str, ...]) -> OtherDraft:
    """[out.pass]. Raises LostError."""
    _must_be_own(rule, context, "a declaration only says what its own jail may open")
    if rule.messages:
        raise LostError("`out` of a declaration has no `icmp-type`")
    if context.on(rule.on):
        raise LostError("`out` of a declaration is for the external interface only")
    if rule.log or rule.limits or rule.synproxy or rule.source_port:
        raise LostError("`out` of a declaration has no log, limits or from_port")
    _ports_have_a_protocol(rule)
    keys = {key: value for key, value in _where(rule, context).items() if key != "on"}
    if met := [one for one in sorted(context.neighbours) if any(_holds(word, one) for word in rule.to)]:
        raise LostError(f"it only lets out to {met[0]}, but `out` of a declaration also lets in there")
    families = {str(family_of(word)) for word in context.members(rule.source) if family_of(word)} or set(context.own)
    families &= {rule.family} if rule.family else families
    if len(families) == 1 and sum(map(bool, context.own.values())) > 1:
        if any(not family_of(word) or word.startswith("!") for word in rule.to):
            raise LostError(
                f"it is of {min(families)} only, and what it names may be of both; write the addresses of a `to`"
            )
        keys.setdefault("to", EVERYBODY[min(families)])
    if rule.route_to != ("", ""):
        keys = {"on": one_or_all(context.uplink(rule.route_to)), **keys}
    return OtherDraft(keyword="out", name="pass", keys=keys, comments=comments)


def _holds(word: str, address: str) -> bool:
    try:
        return ip_address(address) in ip_network(network(word, lambda _: None) or word)
    except ValueError:
        return False


def deny(rule: PfRule, context: Context, comments: tuple[str, ...]) -> OtherDraft:
    """[deny.NAME] of a `block quick`. Raises LostError for what is not about this jail, or could be passed by another rule."""
    if not rule.quick:
        raise LostError("a block without `quick` is a policy with exceptions in later rules; leave it in pf.conf")
    if rule.messages:
        raise LostError("`deny` of a declaration has no `icmp-type`")
    if rule.source_port:
        raise LostError("`deny` of a declaration has no `from_port`")
    if rule.on:
        if not (rule.to if rule.direction == "out" else rule.source):
            raise LostError("`deny` of a declaration has no `on`")
        context.warn("its interface was left out, because a deny applies to all interfaces")
    whom = rule.to if rule.direction == "out" else rule.source
    of_one = rule.family or len({family_of(word) for word in (*rule.source, *rule.to)} - {None}) == 1
    if of_one and any(word.startswith("!") for word in whom) and sum(map(bool, context.own.values())) > 1:
        raise LostError("it is of one family, and all but a network would be of both; leave it in pf.conf")
    _ports_have_a_protocol(rule)
    own = [word for word in context.members(rule.to) if context.is_own(word)]
    keys: dict[str, Any] = {}
    if rule.direction != "out" and own:
        if strange := [word for word in context.members(rule.to) if not context.is_own(word)]:
            context.left_out("blocks for", strange)
        keys["from"] = one_or_all(context.peers(rule.source) or _anyone(rule, own, context))
    else:
        _must_be_own(rule, context, "a block for the whole host belongs in pf.conf")
        if to := context.peers(rule.to):
            keys["to"] = one_or_all(to)
    keys |= _what(rule)
    if not keys:
        keys["to"] = "any"
    if rule.log:
        keys["log"] = rule.log
    if rule.tells:
        keys["return"] = True
    name = next((word.strip("<>") for word in rule.source if word.startswith("<")), "") or "blocked"
    return OtherDraft(keyword="deny", name=re.sub(r"\W+", "-", name), keys=keys, comments=comments)


def _anyone(rule: PfRule, own: Iterable[str], context: Context) -> tuple[str, ...]:
    families = {rule.family} if rule.family else {str(family_of(word)) for word in own}
    both = {family for family, addresses in context.own.items() if addresses}
    return ("any",) if both <= families else tuple(EVERYBODY[family] for family in sorted(families))


def merged(drafts: Iterable[OtherDraft]) -> list[OtherDraft]:
    """One for both families; `address` as a single value where it is one."""
    found = fold(drafts, _join, lambda draft: draft.keyword)
    for draft in found:
        if "address" in draft.keys:
            draft.keys["address"] = one_or_all(draft.keys["address"])
    return found


def _join(one: OtherDraft, other: OtherDraft) -> OtherDraft | None:
    """Rules that differ in the family of their address, or of everybody, or not at all."""
    first, second = dict(one.keys), dict(other.keys)
    if {str(first.get("to")), str(second.get("to"))} == set(EVERYBODY.values()):
        first.pop("to"), second.pop("to")
    addresses = [*first.pop("address", []), *second.pop("address", [])]
    families = [family_of(address) or "inet" for address in addresses]
    if first != second or len(set(families)) < len(families):
        return None
    keys = {"address": addresses, **first} if addresses else first
    comments = tuple(dict.fromkeys(one.comments + other.comments))
    return OtherDraft(keyword=one.keyword, name=one.name, keys=keys, comments=comments)


def _where(rule: PfRule, context: Context) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    if on := context.on(rule.on):
        keys["on"] = one_or_all(on)
    if to := context.peers(rule.to):
        keys["to"] = one_or_all(to)
    return keys | _what(rule)


def _what(rule: PfRule) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    if rule.proto:
        keys["proto"] = "+".join(rule.proto)
    if rule.port:
        keys["port"] = port_list(rule.port)
    return keys


def _ports_have_a_protocol(rule: PfRule) -> None:
    if rule.port and not rule.proto:
        raise LostError("pfctl(8) refuses a port without a protocol; write `proto tcp`, `proto udp` or both")


def _must_be_own(rule: PfRule, context: Context, remedy: str) -> None:
    members = context.members(rule.source)
    plain = [word if word.startswith(("(", "<", "!")) else peer(word, context.warn) for word in members]
    strange = [word for word in plain if not context.is_own(word)]
    if strange or not members:
        raise LostError(f"from {', '.join(strange) or 'any'} is more than this jail; {remedy}")


def _address(rule: PfRule, context: Context) -> str:
    if len(rule.target) != 1 or rule.target_port is not None:
        raise LostError("a declaration has one address to leave by, without a port")
    word = rule.target[0]
    if found := re.fullmatch(r"\(?([A-Za-z][\w.]*)\)?", word):
        context.warn(f"{word} became ({found[1]}:0): the others are addresses of other jails")
        return f"({found[1]}:0)"
    address = peer(word, context.warn)
    if address.startswith(("<", "!")) or "/" in address:
        raise LostError(f"{address} is not one address")
    return address
