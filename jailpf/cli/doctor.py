"""doctor: findings, each with why it matters and the command that mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.cli import output

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.lifecycle.session import Session

SIGNS = {"error": ("error  ", "red"), "warning": ("warning", "yellow"), "fine": ("fine   ", "green")}


def doctor(session: Session, options: Namespace) -> int:
    """0 when all is fine, 1 with any warning or error."""
    from jailpf.doctor import examine

    found = list(examine(session))
    if options.json:
        output.as_json("doctor", findings=[one._asdict() for one in found])
    else:
        for one in found:
            word, colour = SIGNS[one.level]
            print(f"{output.colour(word, colour)}  {one.what}")
            if one.why:
                print(f"         {one.why}")
            if one.mend:
                print(f"         mend: {output.colour(one.mend, 'bold')}")
    return 0 if all(one.level == "fine" for one in found) else 1
