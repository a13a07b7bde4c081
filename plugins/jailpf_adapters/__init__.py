"""The jail managers that jailpf knows, a package each. Each imports `jailpf.plugin` and nothing else of jailpf.

Here belongs everything that only one manager does: where its files are and what stands in them, its hooks, what it
publishes itself, what is worth a finding of `jailpf doctor`. Not here: what every manager shares (jailpf.managers).
"""

from __future__ import annotations

BUILT_IN = {
    "appjail": "jailpf_adapters.appjail",
    "bastille": "jailpf_adapters.bastille",
    "cbsd": "jailpf_adapters.cbsd",
    "iocage": "jailpf_adapters.iocage",
    "jail.conf": "jailpf_adapters.jail_conf",
    "pf.conf": "jailpf_adapters.pf_conf",
    "pfrule": "jailpf_adapters.pfrule",
    "podman": "jailpf_adapters.podman",
    "pot": "jailpf_adapters.pot",
}
"""{name: the module that brings it}, imported by jailpf.registry when somebody asks for that adapter."""
