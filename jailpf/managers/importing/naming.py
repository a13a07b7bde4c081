"""Names for services, by their ports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from jailpf.managers.importing.drafts import ServiceDraft

GROUPS = {
    "mail": {25, 110, 143, 465, 587, 993, 995, 4190},
    "http": {80, 443, 8080, 8443},
    "dns": {53, 853},
    "ssh": {22},
    "ftp": {20, 21},
    "dhcp": {67, 68, 546, 547},
    "ntp": {123},
    "ldap": {389, 636},
    "xmpp": {5222, 5269},
    "mysql": {3306},
    "postgresql": {5432},
    "redis": {6379},
    "dcc": {6277},
}


def group(ports: Collection[int]) -> str:
    """The group that all of the ports belong to, "" when there is none."""
    return next((name for name, members in GROUPS.items() if ports and set(ports) <= members), "")


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
