"""pass rules: the `allow` of services that are redirected, and services of their own for the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jailpf.managers.importing.drafts import ServiceDraft
from jailpf.managers.importing.language.lexer import LostError
from jailpf.managers.importing.language.words import NUMBER, all_of_a_family, family_of, peer
from jailpf.values import Port
from jailpf.values.protocol import WITH_PORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.managers.importing.context import Context
    from jailpf.managers.importing.language.rule_data import PfRule

EVERY = Port(1, 65535)
OF_TCP = ("max_src_conn", "max_src_conn_rate", "overload", "synproxy", "state")


def let_in(rule: PfRule, context: Context, drafts: list[ServiceDraft], comments: tuple[str, ...]) -> list[ServiceDraft]:
    """The drafts with what the rule lets in. Raises LostError; the drafts are then as they were."""
    if rule.tagged and not rule.proto:
        rule = replace(rule, proto=tuple(dict.fromkeys(one.proto[0] for one in drafts if one.tag == rule.tagged)))
    if not rule.proto:
        raise LostError("a service needs a protocol; write one rule for each")
    if rule.route_to != ("", ""):
        raise LostError("what is let in goes to the jail, so `route-to` does not apply")
    source, allow = context.peers(rule.source), _options(rule, context)
    targets, families = _targets(rule, context, drafts)
    external = set(map(str, context.host.ext_if))
    found: list[ServiceDraft] = []
    met: dict[tuple[str, str], set[Port]] = {}
    for draft in drafts:
        mine = {one for addresses in draft.target.values() for one in addresses} or {"own"}
        if (
            not mine & targets
            or draft.proto[0] not in rule.proto
            or rule.source_port
            or not draft.redirected
            or (rule.tagged and draft.tag != rule.tagged)
        ):
            found.append(draft)
            continue
        yes = tuple(pair for pair in draft.pairs if _covered(pair[1], rule))
        no = tuple(pair for pair in draft.pairs if pair not in yes)
        if (draft.pairs and not yes) or not set(draft.to) & families:
            found.append(draft)
            continue
        if rule.messages:
            raise LostError("the rdr redirects every `icmp-type`")
        for family in set(draft.to) & families:
            met.setdefault((draft.proto[0], family), set()).update(pair[1] for pair in yes)
        let, not_let = _by_family(draft.of_pairs(yes), families)
        ways = {
            key: value
            for key, value in allow.items()
            if key != "on" or context.direct or context.on(rule.on) or rule.reply_to[0]
        }
        found.append(_in_whole(let, targets, source, ways, comments, external))
        found += [not_let] if not_let else []
        found += [draft.of_pairs(no)] if no else []
    if rule.tagged:  # of what no rdr brought it lets in nothing
        if not met:
            raise LostError(f"no rdr that sets {rule.tagged} redirects there")
    elif "own" in targets:
        found += _direct(rule, context, source, allow, met, families, comments)
    elif not met:
        raise LostError("it lets in to another jail, but nothing here redirects to that")
    return found


def _options(rule: PfRule, context: Context) -> dict[str, Any]:
    allow: dict[str, Any] = {}
    if rule.log:
        allow["log"] = rule.log
    on = context.on(rule.on)
    if rule.reply_to != ("", ""):
        allow["on"] = context.uplink(rule.reply_to)
    elif context.outside_only and not rule.on:
        allow["on"] = tuple(map(str, context.host.ext_if))
    elif on or rule.on:
        allow["on"] = rule.on  # what is redirected comes in by the external interface anyway, all else by any
    if rule.tagged and context.direct:
        allow["direct"] = False
    for name, value in rule.limits.items():
        allow[name.replace("-", "_")] = int(value) if NUMBER.fullmatch(value) else value
    if rule.overload:
        allow["overload"] = True
        context.warn(
            f"{rule.overload} became a table of the service, because pf cannot fill a table of pf.conf from an anchor"
        )
    if rule.synproxy:
        allow["synproxy"] = True
    if rule.state == "none":
        context.warn(
            '`no state` became pf\'s default, which lets in the same; state = "none" would also let out the replies'
        )
    elif rule.state:
        allow["state"] = rule.state
    return allow


def _targets(rule: PfRule, context: Context, drafts: list[ServiceDraft]) -> tuple[set[str], set[str]]:
    """("own" and addresses of other jails that are redirected to, the families of all that)."""
    if not rule.to:
        raise LostError("it lets in to every address, not to this jail")
    others = {one for draft in drafts for addresses in draft.target.values() for one in addresses}
    targets, families, strange = set(), set(), []
    for word in context.members(rule.to):
        address = word if word.startswith(("<", "(", "!")) else peer(word, context.warn)
        family = family_of(address)
        if context.is_own(address) or address in others:
            targets |= {address} & others | ({"own"} if context.is_own(address) else set())
            families.add(str(family))
        else:
            strange.append(address)
    if not targets:
        raise LostError(f"{', '.join(strange)} is not this jail's address")
    if strange:
        context.left_out("lets in to", strange)
    if rule.family and rule.family not in families:
        raise LostError(f"it is for {rule.family}, but its target has no such address; it was dropped")
    return targets, {rule.family} & families if rule.family else families


def _covered(port: Port, rule: PfRule) -> bool:
    return not rule.port or any(one.first <= port.first and port.last <= one.last for one in rule.port)


def without_tcp(draft: ServiceDraft) -> ServiceDraft:
    """Without what pf counts of TCP connections only, where the service has none."""
    if "tcp" in draft.proto or not draft.allow:
        return draft
    return replace(draft, allow={key: value for key, value in draft.allow.items() if key not in OF_TCP})


def _by_family(draft: ServiceDraft, families: set[str]) -> tuple[ServiceDraft, ServiceDraft | None]:
    """The part of a draft that is let in, and the rest."""
    if set(draft.to) <= families:
        return draft, None
    return _only(draft, set(draft.to) & families), _only(draft, set(draft.to) - families)


def _only(draft: ServiceDraft, families: set[str]) -> ServiceDraft:
    to = {family: peers for family, peers in draft.to.items() if family in families}
    return replace(draft, to=to, target={family: one for family, one in draft.target.items() if family in families})


def _in_whole(
    draft: ServiceDraft, targets: set[str], source: tuple[str, ...], allow: dict[str, Any], comments: tuple[str, ...],
    external: set[str],
) -> ServiceDraft:  # fmt: skip
    """With what a rule lets in, once such rules lead to every target: a declaration lets in to all of them alike."""
    every = {one for addresses in draft.target.values() for one in addresses}
    how = repr((source, sorted(allow.items())))
    met = targets | dict(draft.partly).get(how, frozenset())
    if every <= met:
        return _allowed(draft, source, allow, comments, external)
    return replace(draft, partly=tuple({**dict(draft.partly), how: frozenset(met)}.items()))


def _allowed(
    draft: ServiceDraft, source: tuple[str, ...], allow: dict[str, Any], comments: tuple[str, ...], external: set[str]
) -> ServiceDraft:
    """Who is redirected is let in; `from` only where fewer are.

    A rule that lets in everybody to what only some are redirected to lets in those: the declaration says so.
    """
    mine = dict(allow)
    if source not in (draft.source, ()):
        mine["from"] = source
    if draft.allow is not None:
        before = draft.allow.get("from")
        mine = _by_both_ways(draft.allow, mine, set(draft.on or external))
        if before is None or "from" not in mine or source in (draft.source, ()):
            mine.pop("from", None)
        else:
            mine["from"] = tuple(dict.fromkeys((*before, *mine["from"])))
            if len(mine["from"]) > 1 and any(word.startswith("!") for word in mine["from"]):
                raise LostError(
                    "another rule lets in others there; write one [table.NAME] with `!` entries for all of them"
                )
    return replace(draft, allow=mine, comments=tuple(dict.fromkeys(draft.comments + comments)))


def _by_both_ways(before: dict[str, Any], mine: dict[str, Any], redirected: set[str]) -> dict[str, Any]:
    """Two rules' options as one: of the ways that the same senders come by either; `from` is the second's.

    redirected: where the rdr takes connections from. Raises LostError.
    """
    found = {**before, **mine}
    if before == {"direct": False} and "direct" not in mine and redirected <= set(mine.get("on", redirected)):
        before = {**before, **{key: mine[key] for key in ("on",) if key in mine}}
    if differ := [key for key in ("on", "direct") if before.get(key) != mine.get(key)]:
        if before.get("from") != mine.get("from") or len(differ) > 1:
            raise LostError(
                "another rule lets in others there, or on another interface; write a [service.NAME] for them"
            )
        ways = [one["on"] for one in (before, mine) if "on" in one]
        found = {key: value for key, value in found.items() if key not in differ}
        if differ == ["on"] and len(ways) > 1:
            found["on"] = tuple(dict.fromkeys((*ways[0], *ways[1])))
    return found


def _direct(
    rule: PfRule, context: Context, source: tuple[str, ...], allow: dict[str, Any], met: dict[tuple[str, str], set[Port]],
    families: set[str], comments: tuple[str, ...],
) -> Iterator[ServiceDraft]:  # fmt: skip
    """Services for what the rule lets in beyond the redirected ports, of each family."""
    if rule.source_port:
        allow = {**allow, "from_port": rule.source_port}
    both = {family for family, addresses in context.own.items() if addresses}
    for proto in rule.proto:
        draft = ServiceDraft(
            proto=(proto,), source=source, redirected=False, allow=allow, comments=comments, messages=rule.messages
        )
        ports = (rule.port or (() if rule.source_port else (EVERY,))) if proto in WITH_PORTS else ()
        left: dict[tuple[Port, ...], list[str]] = {}
        for family in sorted(families & both):
            known = set() if rule.source_port else met.get((proto, family), set())
            left.setdefault(tuple(port for port in ports if not _inside(port, known)), []).append(family)
        for these, found in left.items():
            if not these and not rule.source_port and proto in WITH_PORTS:
                continue
            said = both <= set(found) or (source and all_of_a_family(source))
            yield replace(draft, family="" if said else found[0]).of_pairs((None, port) for port in these)


def _inside(port: Port, others: set[Port]) -> bool:
    """Whether the others together hold all of a range."""
    at = port.first
    for other in sorted(others):
        if other.first <= at <= other.last:
            at = other.last + 1
    return at > port.last
