"""`load anchor`: the files that a main ruleset loads into anchors, once it is read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.errors import Problem
from jailpf.pf.simulated.language.files import read_rules
from jailpf.pf.simulated.language.statements.include import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.pf.simulated.language.parsed import Parsed


def load_anchors(parsed: Parsed, parse: Callable[[str, str, str], Parsed]) -> None:
    """Read the files with `parse` (text, file, anchor), up to the first that cannot be read or is wrong."""
    wanted = list(parsed.loads)
    while wanted:
        anchor, name = wanted.pop(0)
        try:
            text = read_rules(name)
        except OSError as error:
            parsed.problems.append(Problem(f"pushfile: {name}: {error.strerror}"))
            parsed.problems.append(Problem(f"cannot open the main config file!: {error.strerror}"))
            parsed.problems.append(Problem("load anchors"))
            return
        if os.path.isdir(name):
            parsed.warnings.append(Problem(NOTHING.format(name)))
        loaded = parse(text, name, anchor)
        parsed.loaded.append((anchor, loaded))
        wanted += loaded.loads
        parsed.problems += loaded.problems
        if loaded.problems:
            parsed.problems.append(Problem("load anchors"))
            return
