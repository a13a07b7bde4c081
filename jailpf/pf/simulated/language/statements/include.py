"""`include`: another file is read in its place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.lexing.problems import Complaint, RuleError

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context

NOTHING = "{} is a directory: pfctl reads nothing of it"


def include(c: Context) -> None:
    """`include FILE`, whose end of line is read from that file. Raises RuleError."""
    c.stream.take("include")
    name = c.stream.string()
    problem = c.lexer.include(name)
    if problem:
        reason = Complaint(f"pushfile: {name}: {problem}", placed=False)
        raise RuleError(reason, f"failed to include file {name}")
    if os.path.isdir(name):
        c.warn(NOTHING.format(name))
