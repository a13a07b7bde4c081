"""What all jail managers share: the contract of an adapter, its hook lines, and import.

Here belong: the base class Adapter (adapter), what a manager publishes (published), planning, showing, replacing and verifying hook lines
(attach), making declarations of what others keep (importing), and jail.conf's grammar (jailconf). Not here: anything that only one manager does (plugins/jailpf_adapters).
"""

from __future__ import annotations
