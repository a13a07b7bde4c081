"""What [jail] of a declaration says of its jail, laid over what the jail's manager knows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.declare.jail_table import JailTable
    from jailpf.declare.services import Services
    from jailpf.model import Jail


def laid_over(known: Jail, table: JailTable) -> Jail:
    """A jail with what [jail] says in place of what its manager knows; with addresses it is settled."""
    said = table.addresses
    others = tuple(one for one in known.addresses if one.family not in said)
    vnet = known.vnet if table.vnet is None else table.vnet
    same = vnet == known.vnet and (vnet or not said)
    return replace(
        known,
        addresses=others + tuple(one for family in said.values() for one in family),
        vnet=vnet,
        interface=table.interface[0] if table.interface else known.interface if same else None,
        sides=(table.interface if len(table.interface) > 1 else ()) if table.interface else known.sides if same else (),
        shared=known.shared if table.shared is None else table.shared,
        settled=known.settled or any(said.values()),
    )


def differences(known: Jail, services: Services) -> Iterator[Problem]:
    """Where [jail] says something else than the jail's manager: meant, or older than the jail is now."""
    table = services.jail
    pairs: list[tuple[str, object, object]] = [
        ("ip4", table.ip4, known.of("inet")),
        ("ip6", table.ip6, known.of("inet6")),
        ("interface", table.interface, known.sides or (known.interface and (known.interface,))),
    ]
    for name, said, knows in pairs:
        if said is not None and knows and said != knows:
            yield _note(services, known, name, f"{_shown(said)}, {known.known_by} says {_shown(knows)}")
    if table.vnet is not None and known.known_by != "declaration" and table.vnet != known.vnet:
        yield _note(services, known, "vnet", f"{_shown(table.vnet)}, {known.known_by} says {_shown(known.vnet)}")


def _note(services: Services, known: Jail, name: str, what: str) -> Problem:
    remedy = f"[jail] is used instead of what {known.name} says; remove {name} from it if it is outdated"
    return Problem(f"[jail] {name} is {what}", services.place("jail", name), remedy)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)
