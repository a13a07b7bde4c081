"""Moving in: declarations made of what another tool has kept.

`pfrule`, `bastille` and `iocage` take (settings, sources) and return what they found, a list of Imported; nothing is
written before `Imported.write`. `differences` compares the rules of both sides.
"""

from __future__ import annotations

from jailpf.importers.compare import Difference, differences
from jailpf.importers.from_bastille import bastille
from jailpf.importers.from_iocage import iocage
from jailpf.importers.from_pfrule import pfrule
from jailpf.importers.imported import Copy, Imported

__all__ = ["Copy", "Difference", "Imported", "bastille", "differences", "iocage", "pfrule"]
