"""Moving in: declarations made of what another tool has kept.

`pfrule`, `bastille` and `iocage` take (settings, sources) and return what they found, a list of Imported; nothing is
written before `Imported.write`. `differences` compares the rules of both sides.
"""

from __future__ import annotations

from jailpf.managers.importing.compare import Difference, differences
from jailpf.managers.importing.from_bastille import bastille
from jailpf.managers.importing.from_iocage import iocage
from jailpf.managers.importing.from_pfrule import pfrule
from jailpf.managers.importing.imported import Copy, Imported

__all__ = ["Copy", "Difference", "Imported", "bastille", "differences", "iocage", "pfrule"]
