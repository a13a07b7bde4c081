"""fleet: who publishes a port on any host, and which host breaks a promise."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.cli import output
from jailpf.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.declare.promises import Promised
    from jailpf.lifecycle.session import Session


def fleet(session: Session, options: Namespace) -> int:  # noqa: ARG001 - every command takes it
    """0; 1 when a promise is broken."""
    from jailpf.insight.fleet import Wanted, address, broken, chosen, read
    from jailpf.insight.rows import few, some

    try:
        sender = address(options.sender) if options.sender else ""
    except ValueError:
        raise UsageError(f"{options.sender!r} is not a sender", None, "write outside, or an address") from None
    known, problems = read(options.folder)
    entries = known.entries
    promises = _promises(options.promises) if options.promises else []
    bad = broken(known, promises)
    wanted = Wanted(options.port or 0, options.proto or "", options.jail or "", sender)
    found = [] if options.promises and wanted == Wanted() else list(chosen(entries, wanted))
    if options.json:
        output.as_json(
            "fleet", hosts=len({entry.host for entry in entries}), reached=[{"host": host, **row._asdict()} for host, row in found],
            promises=list(map(output.problem_json, bad)), problems=list(map(output.problem_json, problems)),
        )  # fmt: skip
    else:
        rows = [
            (
                host, row.jail, row.service or "-", row.origin, some(row.sources), ",".join(few(row.addresses)), row.proto,
                ",".join(few(row.ports)) or "-",
            )
            for host, row in found
        ]  # fmt: skip
        if rows:
            output.table(rows, ("HOST", "JAIL", "SERVICE", "FROM", "SOURCE", "ADDRESS", "PROTO", "PORT"))
        elif not options.promises:
            print(f"nobody, on {len({entry.host for entry in entries})} hosts")
        if promises and not bad:
            print(f"{len(promises)} promises are kept on {len({entry.host for entry in entries})} hosts")
        output.problems(bad)
        output.problems(problems, level="yellow")
    return 1 if bad else 0


def _promises(file: str) -> list[Promised]:
    from jailpf.declare.promises import read_file

    if not os.path.isfile(file):
        raise ConfigError(f"{file}: no such file")
    return read_file(file)
