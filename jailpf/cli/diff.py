"""diff: what is declared against what pf holds, both as pf prints them."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from jailpf.cli import output
from jailpf.errors import NoJailError

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.lifecycle.session import Session
    from jailpf.model import Anchor

COLOURS = {"+": "green", "-": "red", "@": "blue"}


def diff(session: Session, options: Namespace) -> int:
    """1 when there is a difference. `-` is loaded and not declared, `+` is declared and not loaded."""
    from jailpf.declare.there import checked
    from jailpf.lifecycle.prepare import declared, prepare
    from jailpf.state import records

    name = checked(options.jail)
    prepared = prepare(session, name, created=True) if declared(session, name) else None
    known = [record for record in records.read(session.directory, name)[:2] if record]
    if prepared is None and not known:
        raise NoJailError(f"nothing is declared for {name}, and nothing is loaded", None, f"`jailpf new {name}`")
    wanted: dict[str, Anchor] = {anchor.path: anchor for anchor in prepared.ruleset.anchors} if prepared else {}
    paths = list(dict.fromkeys([*wanted, *(anchor.path for record in known for anchor in record.anchors)]))
    different = {path: _one(session, path, wanted.get(path)) for path in paths}
    if options.json:
        anchors = [{"anchor": path, "diff": lines} for path, lines in different.items()]
        output.as_json("diff", jail=name, anchors=anchors)
    else:
        for line in (line for lines in different.values() for line in lines):
            print(output.colour(line, COLOURS[line[0]]) if line[0] in COLOURS else line)
    return 1 if any(different.values()) else 0


def _one(session: Session, path: str, anchor: Anchor | None) -> list[str]:
    """What is loaded (`-`) against what is declared (`+`) in one anchor, [] for no difference."""
    from jailpf.lifecycle.compare import ordered

    loaded = session.pf.read(path)
    printed = session.pf.printed(path, anchor.text) if anchor else []
    old = [f"table <{name}>" for name in sorted(loaded.tables) if not name.startswith("__automatic_")]
    new = sorted({f"table <{found[1]}>" for line in printed if (found := re.match(r"table <([^>]+)>", line))})
    old += ordered([*loaded.nat, *loaded.rules])
    new += ordered([line for line in printed if not line.startswith("table ")])
    return list(difflib.unified_diff(old, new, f"loaded {path}", f"declared {path}", lineterm=""))
