"""Importing: declarations made from the rules of another tool.

Here belong: reading pf.conf(5) statements, gathering them into services, and writing TOML. Not here: where one tool keeps its rules, and in which form (plugins/jailpf_adapters).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from jailpf.managers.imported import Copy, Imported, Whole

if TYPE_CHECKING:
    from jailpf.managers.importing.assembly import Assembly, deduced
    from jailpf.managers.importing.drafts import OtherDraft
    from jailpf.managers.importing.finish import finished, own_addresses
    from jailpf.managers.importing.hook_imports import from_hooks
    from jailpf.managers.importing.jail_names import addresses_of_jails, all_addresses, with_addresses
    from jailpf.managers.importing.language.lexer import Line, LostError, Macros, lines
    from jailpf.managers.importing.language.main_file import with_calls
    from jailpf.managers.importing.language.overlaps import overlap
    from jailpf.managers.importing.language.pfrules import statement
    from jailpf.managers.importing.language.reading import text_of
    from jailpf.managers.importing.language.rule_data import PfRule, PfTable
    from jailpf.managers.importing.language.words import port
    from jailpf.managers.importing.publishing import declared, published_by
    from jailpf.managers.importing.tables import Tables

__all__ = [
    "Assembly", "Copy", "Imported", "Line", "LostError", "Macros", "OtherDraft", "PfRule", "PfTable", "Tables", "Whole", "addresses_of_jails", "all_addresses", "declared",
    "deduced", "finished", "from_hooks", "lines", "overlap", "own_addresses",
    "port", "published_by", "statement", "text_of", "with_addresses", "with_calls",
]  # fmt: skip

_HOMES = {
    "Assembly": "jailpf.managers.importing.assembly",
    "Line": "jailpf.managers.importing.language.lexer",
    "LostError": "jailpf.managers.importing.language.lexer",
    "Macros": "jailpf.managers.importing.language.lexer",
    "OtherDraft": "jailpf.managers.importing.drafts",
    "PfRule": "jailpf.managers.importing.language.rule_data",
    "PfTable": "jailpf.managers.importing.language.rule_data",
    "Tables": "jailpf.managers.importing.tables",
    "addresses_of_jails": "jailpf.managers.importing.jail_names",
    "all_addresses": "jailpf.managers.importing.jail_names",
    "with_addresses": "jailpf.managers.importing.jail_names",
    "declared": "jailpf.managers.importing.publishing",
    "deduced": "jailpf.managers.importing.assembly",
    "finished": "jailpf.managers.importing.finish",
    "from_hooks": "jailpf.managers.importing.hook_imports",
    "lines": "jailpf.managers.importing.language.lexer",
    "overlap": "jailpf.managers.importing.language.overlaps",
    "own_addresses": "jailpf.managers.importing.finish",
    "port": "jailpf.managers.importing.language.words",
    "published_by": "jailpf.managers.importing.publishing",
    "statement": "jailpf.managers.importing.language.pfrules",
    "text_of": "jailpf.managers.importing.language.reading",
    "with_calls": "jailpf.managers.importing.language.main_file",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for: adapters are imported at every start that is not warm."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
