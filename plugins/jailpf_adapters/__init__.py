"""The jail managers that jailpf knows, a package each. Each imports `jailpf.plugin` and nothing else of jailpf.

Here belongs everything that only one manager does: where its files are and what stands in them, its hooks, what it
publishes itself, what is worth a finding of `jailpf doctor`. Not here: what every manager shares (jailpf.managers).
"""

from __future__ import annotations

BUILT_IN = {
    "bastille": "jailpf_adapters.bastille",
    "iocage": "jailpf_adapters.iocage",
    "jail.conf": "jailpf_adapters.jail_conf",
    "pfrule": "jailpf_adapters.pfrule",
}
"""{name: the module that brings it}, imported by jailpf.registry when somebody asks for that adapter."""
