"""table: looking at and changing a jail's table, file and pf together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.cli import output
from jailpf.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.lifecycle.session import Session


def table(session: Session, options: Namespace) -> int:
    """show, add, delete, replace, reload or expire."""
    from jailpf.lifecycle import tables

    home = tables.find(session, options.jail, options.name)
    words = options.addresses
    if options.action in ("show", "reload") and words:
        raise UsageError(f"{options.action} takes no addresses")
    if options.action == "show":
        members = tables.show(session, home)
        if options.json:
            output.as_json(
                "table", jail=home.jail, table=home.name, file=home.file, loaded=bool(home.paths), addresses=members
            )
        else:
            print("".join(f"{member}\n" for member in members), end="")
        return 0
    if options.action == "expire":
        if len(words) != 1 or not words[0].isdigit():
            raise UsageError(
                "expire takes a number of seconds", None, f"jailpf table {home.jail} {home.name} expire 86400"
            )
        tables.expire(session, home, int(words[0]))
        return 0
    if options.action == "reload":
        print(f"<{home.name}> of {home.jail} has {tables.reload(session, home)} members{_where(home.paths)}")
        return 0
    if not words and options.action != "replace":
        raise UsageError(f"{options.action} which addresses?")
    if not home.file and options.action == "replace" and not home.paths:
        raise UsageError(f"<{home.name}> is filled by pf and not loaded")
    changed = tables.change(session, home, options.action, words)
    print(f"<{home.name}> of {home.jail}: {changed} changed in {home.file or 'no file'}{_where(home.paths)}")
    return 0


def _where(paths: tuple[str, ...]) -> str:
    return f", and in {', '.join(paths)}" if paths else ", which is not loaded"
