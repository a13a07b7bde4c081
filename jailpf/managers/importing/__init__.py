"""Moving in: declarations made of what another tool has kept.

Here belong: reading pf.conf(5) statements, gathering them into services, writing TOML, and the comparison of both
sides. Not here: where one tool keeps its rules, and in which form (plugins/jailpf_adapters).
"""

from __future__ import annotations

from jailpf.managers.imported import Copy, Imported
from jailpf.managers.importing.assembly import Assembly, deduced
from jailpf.managers.importing.compare import Difference, differences
from jailpf.managers.importing.finish import finished, own_addresses
from jailpf.managers.importing.lexer import Line, LostError, Macros, lines
from jailpf.managers.importing.pfrules import PfRule, PfTable, statement
from jailpf.managers.importing.publishing import declared, published_by
from jailpf.managers.importing.reading import text_of
from jailpf.managers.importing.tables import Tables
from jailpf.managers.importing.words import port

__all__ = [
    "Assembly", "Copy", "Difference", "Imported", "Line", "LostError", "Macros", "PfRule", "PfTable", "Tables", "declared",
    "deduced", "differences", "finished", "lines", "own_addresses",
    "port", "published_by", "statement", "text_of",
]  # fmt: skip
