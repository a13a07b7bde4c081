"""Ports that belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

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
