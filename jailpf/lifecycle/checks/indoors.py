"""Whether `from` names another jail by its address, which only `"jail:NAME"` lets in directly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.model import Rule
    from jailpf.values import Peer


def by_address(session: Session, prepared: Prepared) -> list[Problem]:
    """A warning for each address of another jail that stands in `from` of a service that is only reached from outside.

    What that jail sends comes in by no card outside, so the rdr never takes it, and no other rule lets it in.
    """
    found: dict[tuple[str, Peer], Rule] = {}
    for rule in prepared.ruleset.rules:
        if rule.action == "pass" and rule.tagged:
            found |= {(rule.service, one): rule for one in rule.source if _single(one)}
    if not found:
        return []
    outside = {
        *map(str, session.settings.host.ext_if),
        *(str(one.interface) for one in session.settings.host.uplinks.values()),
    }
    for rule in prepared.ruleset.rules:
        direct = rule.action == "pass" and not rule.tagged
        inside = rule.action == "rdr" and not outside.issuperset(map(str, rule.on or ("any",)))
        for service, peer in list(found):
            if service == rule.service and (inside or (direct and (not rule.source or peer in rule.source))):
                del found[service, peer]
    return list(_problems(session, prepared, found))


def _problems(session: Session, prepared: Prepared, found: dict[tuple[str, Peer], Rule]) -> Iterator[Problem]:
    for (_, peer), rule in found.items():
        owners = [one for one in session.jails.neighbours if any(str(peer) == str(each) for each in one.addresses)]
        if len(owners) != 1 or owners[0].name == prepared.jail.name:
            continue
        other = owners[0]
        if (
            other.shared or other.vnet
        ):  # a vnet jail's packets may come in by the uplink, where its bridge is that one's
            continue
        more = (
            ""
            if len(other.addresses) == 1
            else f" if all of its addresses ({', '.join(map(str, other.addresses))}) may"
        )
        yield Problem(
            f"{peer} is the jail {other.name}, whose connections do not come from outside, so nobody gets in by this",
            rule.place,
            f'write "jail:{other.name}" instead{more}',
        )


def _single(peer: Peer) -> bool:
    return peer.network is not None and not peer.negated and peer.network.net.num_addresses == 1
