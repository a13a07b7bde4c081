"""schema: what editors check and complete TOML files with."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.lifecycle.session import Session


def schema(session: Session, options: Namespace) -> int:
    """Print it. The rule types of third parties are in it when the settings name them; without settings, jailpf's own."""
    from jailpf.declare import json_schema
    from jailpf.registry import build

    registry = session.registry if os.path.lexists(session.file) else build()
    if options.kind == "host":
        found = json_schema.host_schema(registry.manager_keys())
    else:
        found = json_schema.jail_schema(registry.rule_types)
    print(json.dumps(found, indent=2, ensure_ascii=False))
    return 0
