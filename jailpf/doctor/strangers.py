"""Rules below our anchor lines that no declaration made: left by an older script, by a manager's own command, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.lifecycle.survey import look
from jailpf.managers.finding import Finding
from jailpf.state import records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.lifecycle.session import Session


def strangers(session: Session) -> Iterator[Finding]:
    """Whether the anchors beside ours, which the same lines evaluate, hold rules that nobody declared."""
    parents = {parent for _, parent in session.settings.layout.parents}
    known = {anchor.path for record in records.everything(session.directory) for anchor in record.anchors}
    beside = [path for path in session.pf.anchors() if path.rpartition("/")[0] in parents and path not in known]
    known.update(look(session).orphans() if beside else ())  # `sync` takes these away
    held = {path: session.pf.read(path, members=False) for path in beside if path not in known}
    rules = {path: [*loaded.nat, *loaded.rules] for path, loaded in held.items() if loaded.nat or loaded.rules}
    lets = _examples(session, rules) if rules else {}
    for path, lines in rules.items():
        more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
        yield Finding(
            "warning",
            f"the rules in the anchor {path} are not declared: {lines[0]}{more}",
            f"the anchor lines of pf.conf evaluate it like the jails' anchors{lets.get(path, '')}",
            f"`pfctl -a {path} -F all` if they are leftovers, or else declare them",
        )


def _examples(session: Session, paths: dict[str, list[str]]) -> dict[str, str]:
    """What they let in, by one packet."""
    from jailpf.insight.world import build
    from jailpf.pf.simulated.judged.found import row_example
    from jailpf.pf.simulated.reach.reach import reach

    found: dict[str, str] = {}
    for row in reach(build(session).pf, ["outside"]):
        for flat in row.flats if not row.doubts else ():
            if flat.path in paths:
                found.setdefault(flat.path, f": {row_example(row)} reaches {row.delivered_to}")
    return found


CHECKS = (strangers,)
