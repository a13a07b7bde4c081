"""A second opinion: where there is a pfctl, it reads a pf.conf too, and where the two differ pfctl is right."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.errors import ConfigError, JailpfError, PfRefusedError, Place, Problem

if TYPE_CHECKING:
    from jailpf.lifecycle.session import Session
    from jailpf.pf.simulated import Topology


def opinion(session: Session, file: str, text: str, topology: Topology) -> tuple[str | list[str], list[JailpfError]]:
    """The text itself when both read it alike or there is no pfctl, else the rules as pfctl prints them, and a note.

    Raises PfRefusedError for a file that pfctl refuses and the simulated pf would take.
    """
    from jailpf.pf.pfctl import Pfctl
    from jailpf.pf.simulated.language.parse import parse

    pf = session.pf
    if not isinstance(pf, Pfctl):
        return text, []
    ours = parse(text, topology, name=file, main=True)
    try:
        printed = pf.reads(os.path.abspath(file))
    except PfRefusedError:
        if ours.problems:
            return text, []  # whoever asks tells them, with a place
        raise
    except JailpfError:
        return text, []
    listed = ours.listing().splitlines()
    if not printed or printed == listed:
        return text, []
    first = next((line for line in printed if line not in listed), printed[0])
    note = Problem(f"pfctl and the simulated pf disagree, and pfctl counts: {first}", Place(file), "please report it")
    return printed, [ConfigError(note)]
