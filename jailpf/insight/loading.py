"""Whether pfctl would load a pf.conf: it refuses a file whole, and then nothing of it decides anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.errors import PfRefusedError, Place, Problem
from jailpf.pf.simulated.language.parse import parse

if TYPE_CHECKING:
    from jailpf.pf.simulated import Simulated

# What only the host itself can say: its resolver, its users, its files. Not a mistake of the file.
_ELSEWHERE = re.compile(
    r"no IP address found for \S*[A-Za-z]\S*\.|unknown (?:user|group) |No such file|Permission denied|cannot open|cannot be opened"
)


def loadable(pf: Simulated, file: str) -> list[Problem]:
    """What of a pf.conf, which this pf has as its main ruleset, cannot be known here, so that the rules in question are in doubt.

    Raises PfRefusedError, with place and reason, for a file that pfctl would not load.
    """
    parsed = parse(pf.main(), pf.topology, name=file, main=True)
    known = [
        one for one in parsed.problems if not _ELSEWHERE.search(one.message) and not _follows(one, parsed.problems)
    ]
    if known:
        head = Problem("pfctl would refuse this file as a whole, and pf would keep what it has", Place(file))
        raise PfRefusedError([head, *parsed.problems])
    return [
        one._replace(message=f"not known here: {one.message}", remedy="ask on the host with pfctl")
        for one in parsed.problems
    ]


def _follows(problem: Problem, problems: list[Problem]) -> bool:
    """Whether it is pfctl's second sentence about what the host alone knows."""
    second = problem.message in (
        "could not parse host specification", "skipping rule due to errors", "rule expands to no valid combination",
    )  # fmt: skip
    return second and any(_ELSEWHERE.search(one.message) for one in problems)
