"""[host] nat: which addresses of a jail leave by it, and which are left out where the jail has a nat of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.errors import Problem
from jailpf.model import Rule
from jailpf.values import Address, Peer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.declare.host import Host
    from jailpf.declare.rules import Context, RuleType
    from jailpf.declare.services import Services
    from jailpf.model import Jail


def default_nat(nat: RuleType, context: Context) -> Iterator[Rule]:
    """The host's nat, for a jail that has none of its own, and for every address that has need of it."""
    host, jail = context.host, context.jail
    if not host.nat or jail.shared:
        return
    hidden = {Peer.of(one) for one in jail.addresses if _hidden(host, jail, one)}
    for rule in nat.render(context):
        if not isinstance(rule, Rule) or context.translated(rule.family or "", rule.on)[1]:
            continue
        if source := tuple(one for one in rule.source if one in hidden):
            yield replace(rule, source=source)


def untranslated(jail: Jail, host: Host, services: Services, translating: Iterable[Rule]) -> Iterator[Problem]:
    """Tell of an address that has need of a nat, where those that are declared are for other senders only."""
    declared, rules = services.of("nat"), list(translating)
    for one in jail.addresses if declared and host.nat else ():
        mine = [rule for rule in rules if rule.family == one.family]
        if mine and _hidden(host, jail, one) and not any(peer.holds(one) for rule in mine for peer in rule.source):
            what = (
                f"{one} is not translated: no [nat.NAME] covers it, and a jail with its own nat does not get the host's"
            )
            yield Problem(what, services.place("nat", declared[0].name, "from"), "add it to `from`")


def _hidden(host: Host, jail: Jail, address: Address) -> bool:
    """Whether an address leaves by the host's: not one that outside knows, nor one that ext_if itself holds."""
    if not address.private:
        return False
    held = not jail.vnet and jail.interface in host.ext_if
    known = [one.network.net.network_address for one in host.outside(address.family) if one.network]
    return not held or any(not Address(one).private for one in known)
