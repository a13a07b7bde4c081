"""What pf takes without a word and the user should know of: a nat that is never asked, a family without a rule, a jail without an address."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from jailpf.declare.behind import holds
from jailpf.errors import Problem
from jailpf.model import Rule
from jailpf.values import FAMILIES, Peer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.declare.rules import RuleType, Service
    from jailpf.declare.services import Services
    from jailpf.model import Jail


def shadowed(translations: Iterable[Rule]) -> Iterator[Problem]:
    """Of nat rules that match one packet the first has it: those that another one above leaves nothing to."""
    above: dict[tuple[object, ...], list[tuple[int, Rule]]] = {}
    for number, rule in enumerate(one for one in translations if one.action == "nat"):
        wider = product((rule.to, ()), (rule.port, ()), (rule.proto, None))
        found = (pair for key in set(wider) for pair in above.get((rule.family, *key), ()) if _takes_all(pair[1], rule))
        if other := min(found, key=lambda pair: pair[0], default=None):
            first = other[1]
            what = f"{rule.target} is never used: [{first.service}] translates all of it to {first.target} first, on {' '.join(first.on)}"
            yield Problem(what, rule.place, "name another address, `to`, `proto` or `port` for each")
        above.setdefault((rule.family, rule.to, rule.port, rule.proto), []).append((number, rule))


def _takes_all(one: Rule, other: Rule) -> bool:
    """Whether all that the second matches the first matches, where it is for the same family, targets, ports and protocol, or for all of them."""
    return (not one.on or bool(other.on and set(other.on) <= set(one.on))) and all(
        any(holds(mine, theirs) for mine in one.source) for theirs in other.source
    )


def one_sided(rule_type: RuleType, service: Service | None, made: Iterable[Rule | object], jail: Jail) -> Iterator[str]:
    """All but a network of one family is that family alone: of the other one, which the jail has, nothing was made."""
    families = {one.family for one in made if isinstance(one, Rule)}
    asked = service.source if service and rule_type.makes == "pass" else ()  # rdr and allow share it
    only = service.family if service else ""
    for key, peers in (("from", getattr(rule_type, "source", ()) or asked), ("to", getattr(rule_type, "to", ()))):
        for one in peers if isinstance(peers, tuple) and not only else ():
            if isinstance(one, Peer) and one.negated and one.family in families:
                for family in FAMILIES:
                    if family not in families and jail.of(family):
                        yield (
                            f'`{key}` = "!{one.word}" is {one.family} alone: there is no rule for the jail\'s {family}; '
                            f"write another declaration where that is meant, too"
                        )


def no_address(jail: Jail, services: Services) -> Problem:
    """Why nothing can be declared for a jail without addresses, and what to write."""
    own = 'ip4.addr = "lo1|10.0.0.10"'
    if jail.shared:
        what = f"the jail {jail.name} has no address of its own: it inherits those of the host, and its services listen on the host"
        remedy = f"write {own} in place of `ip4 = inherit` where the jail is configured"
    else:
        what = f"the jail {jail.name} has no address of its own"
        remedy = f"give it one: {own} in jail.conf, in place of `ip4 = disable` if that is there; or say ip4 in [jail]"
    return Problem(what, services.place(), remedy)
