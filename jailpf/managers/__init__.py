"""What all jail managers share: the contract of an adapter, its hook lines, and import.

Here belong: the base class Adapter, planning, showing, replacing and verifying hook lines, making declarations of what others keep, and
jail.conf's grammar. Not here: anything that only one manager does (plugins/jailpf_adapters).
"""

from __future__ import annotations
