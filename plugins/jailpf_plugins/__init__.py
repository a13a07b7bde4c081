"""The built-in rule types. Each imports `jailpf.plugin` and nothing else of jailpf."""

from __future__ import annotations

from jailpf_plugins import allow, binat, deny, nat, out, rdr, table

BUILT_IN = (rdr, allow, deny, nat, binat, out, table)
"""The modules, registered directly by jailpf.registry; their order means nothing."""
