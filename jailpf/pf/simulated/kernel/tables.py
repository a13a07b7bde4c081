"""`pfctl -T`: what it does to the table of an anchor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import PfRefusedError, Problem
from jailpf.pf import complaints
from jailpf.pf.simulated.language.lexing.problems import RuleError
from jailpf.pf.simulated.language.tables import parse_entry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.pf.simulated.host.topology import Topology
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.rules.rule import Host


def command(
    model: Model, path: str, name: str, word: str, addresses: Iterable[str], seconds: int, now: float
) -> list[str]:
    """show (returns the addresses), add, delete, replace, kill, or expire (older than `seconds`). Raises PfRefusedError when the
    table does not exist, is const, or an address is none.
    """
    ruleset = model.rulesets.get(path)
    table = ruleset.tables.get(name) if ruleset else None
    if table is None:
        raise PfRefusedError("Table does not exist.")
    if word == "show":
        return table.show()
    if word == "kill":
        model.rulesets[path].tables.pop(name)
        return []
    if table.const:
        where = f"anchor {path}: " if path else ""
        raise PfRefusedError(complaints.CONST.format(where, name), None, complaints.RELOAD)
    hosts = _entries(addresses, model.topology)
    if word == "add":
        table.add(hosts, now)
    elif word == "delete":
        table.remove(hosts)
    elif word == "replace":
        table.set(hosts, now)
    elif word == "expire":
        table.remove([host for host, at in table.entries.items() if now - at > seconds])
    else:
        raise PfRefusedError(f"Unknown table command '{word}'")
    return []


def _entries(addresses: Iterable[str], topology: Topology) -> list[Host]:
    try:
        return [host for text in addresses for host in parse_entry(text, topology)]
    except RuleError as error:
        raise PfRefusedError([Problem(c.message) for c in error.complaints]) from None
