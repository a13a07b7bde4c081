"""What `plan` does not cover: which declarations about what leaves differ between two worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.declare.layout import ABOVE
from jailpf.insight.rows import few
from jailpf.pf.simulated import Simulated
from jailpf.pf.simulated.host.ways import cards
from jailpf.pf.simulated.kernel.written import Written
from jailpf.pf.simulated.rules.rule import BITS
from jailpf.pf.simulated.rules.show import rule_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jailpf.insight.world import World
    from jailpf.pf.simulated import Topology
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.rules.rule import Rule

LEAVING = ("nat", "binat", "filter")


def leaving(before: World, after: World, recorded: Mapping[str, str]) -> list[str]:
    """ "[out.any] of web" for each declaration whose rules about what leaves are other ones afterwards.

    recorded: path -> the text that was loaded there. pfctl's optimizer orders and joins rules, so that what pf has is compared
    only where no record tells.
    """
    compiled = {anchor.path: anchor.text for one in after.jails.values() for anchor in one.ruleset.anchors}
    loaded = Simulated(main="", topology=before.pf.topology)
    with before.pf.opened() as there:
        known = {path: text for path, text in recorded.items() if any(_rules(there, path))}
    for path, text in known.items():
        if compiled.get(path) != text:
            loaded.load(path, text)
    found: dict[str, None] = {}
    with before.pf.opened() as held, loaded.opened() as written, after.pf.opened() as new:
        parents = {path.rpartition("/")[0] for path in after.paths()} | {"jailpf"}
        gone = (path for path in held.rulesets if path.rpartition("/")[0] in parents)
        for path in dict.fromkeys((*sorted(after.paths()), *gone)):
            if path in known and compiled.get(path) == known[path] and any(_rules(new, path)):
                continue
            old = written if path in known else held
            was, now = _rules(old, path), _rules(new, path)
            tables = _tables(old, path), _tables(new, path)
            if was == now and tables[0] == tables[1]:
                continue
            moved = {name for name in {*tables[0], *tables[1]} if tables[0].get(name) != tables[1].get(name)}
            mine, theirs = _about(old, path, before.pf.topology), _about(new, path, after.pf.topology)
            if sorted(mine) == sorted(theirs) and not any(f"<{name}>" in text for name in moved for text in theirs):
                continue
            changed, lost = [text for text in theirs if text not in mine], [text for text in mine if text not in theirs]
            if not changed and not lost:  # other members
                changed = list(theirs)
            found |= dict.fromkeys(_declaration(after, path, text) for text in changed)
            said = {theirs[text].action for text in changed}
            found |= dict.fromkeys(_lost(path, mine[text]) for text in lost if mine[text].action not in said)
    return list(found)


def sentence(found: Sequence[str]) -> str:
    """One line about them."""
    return f"plan does not cover what leaves, and this changes: {', '.join(few(tuple(found)))}; `jailpf diff` shows the rules"


def _rules(model: Model, path: str) -> list[list[str]]:
    ruleset = model.rulesets.get(path)
    return [list(_texts(ruleset.rules.get(section, ()))) if ruleset else [] for section in LEAVING]


def _tables(model: Model, path: str) -> dict[str, list[str]]:
    ruleset = model.rulesets.get(path)
    return {name: sorted(map(str, table.entries)) for name, table in ruleset.tables.items()} if ruleset else {}


def _texts(rules: Sequence[Rule]) -> Iterator[str]:
    return rules.texts() if isinstance(rules, Written) else map(rule_text, rules)


def _about(model: Model, path: str, topology: Topology) -> dict[str, Rule]:
    """text -> rule, in order, of those that what leaves may meet."""
    ruleset = model.rulesets.get(path)
    if ruleset is None:
        return {}
    own = {address.number for address in topology.owners()}
    found = {}
    for section in LEAVING:
        rules = ruleset.rules.get(section, ())
        for at, text in enumerate(_texts(rules)):
            ends = rules.ends(at) if section == "filter" and isinstance(rules, Written) else None
            if not (ends and ends[0] in own) and (section != "filter" or _leaves(rules[at], topology, own)):
                found[text] = rules[at]
    return found


def _leaves(rule: Rule, topology: Topology, own: set[int]) -> bool:
    """Not what is only for packets to this host and its jails, or for those that come in by a card: `reach` covers these."""
    to = rule.destination
    if to.kind == "net" and not to.negated and to.prefix == BITS.get(to.family) and to.low in own:
        return False
    comes = rule.direction == "in" and not rule.not_interface
    return not (comes and rule.interface in {topology.ext_if, *cards(topology)})


def _declaration(world: World, path: str, text: str) -> str:
    source = world.source(path, text)
    if source is None:
        return f"the rules of {path}"
    return f"[{source.name}] of {source.jail}" if source.name else f"[host] nat for {source.jail}"


def _lost(path: str, rule: Rule) -> str:
    jail = path.rpartition("/")[2].removeprefix(ABOVE)
    name = next((label.split("/")[2] for label in rule.labels if label.count("/") == 2), "")
    return f"[{name}] of {jail}" if "." in name else f"a {rule.action} rule of {jail}"
