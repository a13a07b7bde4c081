"""What changes in traffic where jails' rules leave a pf.conf: the whole file before, beside what is left of it with the declarations."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.insight.boxes import box_of, subtract
from jailpf.insight.moved import NAMED, TABLE, Moved, filled, gained, lost, roots, topology_of, with_members
from jailpf.insight.moved_out import COMPILED, LEAVES, changed, loaded_lines
from jailpf.pf.simulated import Simulated
from jailpf.pf.simulated.reach.reach import reach

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.managers.imported import Whole
    from jailpf.pf.simulated.reach.reached import Reached

_FILE = re.compile(r'^(\s*table\s*<[^>]+>[^\n]*?)file\s+(?:"[^"\n]*"|\S+)', re.MULTILINE)


def moved_whole(
    session: Session, prepared: Sequence[Prepared], whole: Whole, files: Mapping[str, str]
) -> dict[str, Moved]:
    """{jail, or "" for all else: what it gains and loses}.

    whole: the pf.conf before and after; files: the table files that are about to be written, with their text. Raises
    PfRefusedError where pf refuses one of both.
    """
    after = {anchor.path: with_members(anchor.text, files) for one in prepared for anchor in one.ruleset.anchors}
    old, new = (_FILE.sub(r"\1{ }", _resolved(text, whole.named)) for text in (whole.old, whole.new))
    texts = [old, new, *after.values()]
    topology = topology_of(session, [one.jail for one in prepared])
    defined = {match[1] for match in TABLE.finditer(old)}
    more_tables = roots(session, topology, texts, [name for name in _names(texts) if name not in defined])
    was = Simulated(main=f"{filled(old, texts)}\n{more_tables}", topology=topology)
    now = Simulated(main=f"{filled(new, texts)}\n{more_tables}", topology=topology)
    for path, text in after.items():
        now.load(path, filled(text, texts))
    own = {str(one.jail.name): frozenset(map(str, one.jail.addresses)) for one in prepared}
    direct = session.settings.direct
    found = {
        name: Moved(own=own.get(name, frozenset()), topology=topology, direct=direct, jail=name) for name in (*own, "")
    }
    stays = set(new.splitlines())
    gone = "\n".join(line for line in old.splitlines() if line not in stays)
    lines = loaded_lines(was, now)
    for other in prepared:
        if LEAVES.search(gone) or any(COMPILED.search(anchor.text) for anchor in other.ruleset.anchors):
            found[str(other.jail.name)].out = changed(was, now, other.jail, lines)
    for one in lost(was, now, topology):
        found.get(one.delivered_to, found[""]).less.append(one)
    for one in gained(was, now, topology):
        found.get(one.delivered_to, found[""]).more.extend(_new(one, was))
    return found


def _new(one: Reached, was: Simulated) -> Iterator[Reached]:
    """The host's own ports are open to its own as pf.conf says: not what it sent to a jail before, which is told of the jail."""
    if one.delivered_to != "host" or one.origin != "local":
        yield one
        return
    sent = [box_of(other) for other in reach(was) if (other.origin, other.family) == (one.origin, one.family)]
    yield from (replace(one, **box._asdict()) for box in subtract([box_of(one)], sent))


def _resolved(text: str, named: Mapping[str, str]) -> str:
    lines = text.split("\n")  # CRLF and all: pf refuses it
    return "\n".join(named.get(line.partition("#")[0].strip(), line) for line in lines) if named else "\n".join(lines)


def _names(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(word for text in texts for word in NAMED.findall(text)))
