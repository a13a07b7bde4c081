"""The Model as JSON and back. Rules are kept as the text that pfctl prints (tags in quotes), each with its
line.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from jailpf.pf.simulated.kernel.model import Lines, Model, Ruleset
from jailpf.pf.simulated.kernel.state import Key, State
from jailpf.pf.simulated.language.tables import Table, entry_text
from jailpf.pf.simulated.rules.addresses import parse_network
from jailpf.pf.simulated.rules.show import rule_text

if TYPE_CHECKING:
    from jailpf.pf.simulated.rules.rule import Host

VERSION = 1


def to_json(model: Model) -> dict[str, Any]:
    """The model as plain data."""
    return {
        "version": VERSION,
        "topology": model.topology.to_json(),
        "main": model.main_text,
        "skips": model.skips,
        "enabled": model.enabled,
        "serial": model.serial,
        "rulesets": {path: _ruleset(ruleset) for path, ruleset in model.rulesets.items()},
        "gone": model.gone,
        "states": [asdict(state) for state in model.states.values()],
        "rates": model.rates,
    }


def from_json(model: Model, data: dict[str, Any]) -> None:
    """Make the model what `to_json` gave. Raises ValueError, KeyError or TypeError for anything else."""
    if data["version"] != VERSION:
        raise ValueError(f"version {data['version']} instead of {VERSION}")
    model.reset()
    model.topology.update(data["topology"])
    model.main_text, model.skips, model.enabled = data["main"], data["skips"], data["enabled"]
    model.serial, model.gone = data["serial"], data["gone"]
    model.rulesets = {path: _read_ruleset(ruleset) for path, ruleset in data["rulesets"].items()}
    model.rates = {key: (count, last) for key, (count, last) in data["rates"].items()}
    for state in data["states"]:
        keys = {"wire": Key(*state["wire"]), "stack": Key(*state["stack"])}
        tuples = {name: tuple(state[name]) for name in ("labels", "bound", "route")}
        model.states[state["id"]] = State(**{**state, **keys, **tuples})


def _ruleset(ruleset: Ruleset) -> dict[str, Any]:
    if ruleset.lines is None:
        ruleset.lines = {
            section: [(rule.line, rule_text(rule, quoted=True)) for rule in rules]
            for section, rules in ruleset.rules.items()
            if rules
        }
    tables = {
        name: {
            "flags": [table.persist, table.const, table.counters],
            "entries": [[entry_text(host), at] for host, at in table.entries.items()],
        }
        for name, table in ruleset.tables.items()
    }
    return {"serial": ruleset.serial, "rules": ruleset.lines, "tables": tables, "counters": ruleset.counters}


def _read_ruleset(data: dict[str, Any]) -> Ruleset:
    lines: Lines = {section: [(line, text) for line, text in found] for section, found in data["rules"].items()}
    tables = {name: _read_table(table) for name, table in data["tables"].items()}
    return Ruleset(data["serial"], tables, data["counters"], lines)


def _read_table(data: dict[str, Any]) -> Table:
    persist, const, counters = data["flags"]
    return Table(persist, const, counters, {_entry(text): at for text, at in data["entries"]})


def _entry(text: str) -> Host:
    address, _, mask = text.removeprefix("!").partition("/")
    return parse_network(address, mask, text.startswith("!"))
