"""What people write: jail files, jailpf.toml and table files, read with the place of every key.

Here belong: TOML with places, declared keys and their JSON Schema, services, rule types' base class, settings, layouts, table files. Not
here: what a rule type renders (plugins/jailpf_plugins), and anything that asks the running host.
"""

from __future__ import annotations
