"""Names for services, by their ports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.managers.importing.port_groups import group

if TYPE_CHECKING:
    from collections.abc import Collection

    from jailpf.managers.importing.drafts import ServiceDraft


def service_name(draft: ServiceDraft, taken: Collection[str]) -> str:
    """A name that is not taken: the ports' group, with a word of the table that restricts it where that name is used."""
    allow = draft.allow or {}
    ports = [port for inside in draft.inside or allow.get("from_port", []) for port in (inside.first, inside.last)]
    name = group(ports) or "-".join([*draft.proto[:1], *(str(port) for port in ports[:1])])
    if name in taken:
        for word in (*draft.source, *allow.get("from", ())):
            if word.startswith("<") and (first := re.match(r"[A-Za-z0-9]+", word[1:])):
                name = f"{name}-{first[0]}"
                break
    return unique(name, taken)


def unique(name: str, taken: Collection[str]) -> str:
    """The name, numbered when it is taken."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found
