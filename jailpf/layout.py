"""Which section goes to which anchor path, and how names become paths, labels and tags that pf takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from jailpf.model import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jailpf.model import Section

LIMIT = 63  # bytes of an anchor path, a label and a tag (facts.md section 1)
LOAD_ORDER: tuple[Section, ...] = ("filter", "nat", "binat", "rdr")

LAYOUTS: dict[str, dict[Section, str]] = {
    "single": dict.fromkeys(SECTIONS, "jailpf/{jail}"),
    "split": {"nat": "nat/{jail}", "binat": "binat/{jail}", "rdr": "rdr/{jail}", "filter": "allow/{jail}"},
    "bastille": {"rdr": "rdr/jailpf.{jail}", "filter": "bastille/jailpf.{jail}"},
}


@dataclass(frozen=True, slots=True)
class Layout:
    """section -> "path/{jail}". A section without a path has no place."""

    name: str
    paths: Mapping[Section, str]

    def path(self, section: Section, jail: str) -> str:
        """The anchor of a jail for a section, "" when the layout has none."""
        template = self.paths.get(section)
        return template.replace("{jail}", component(jail, LIMIT - len(template) + 6)) if template else ""

    def in_load_order(self, jail: str) -> list[tuple[str, list[Section]]]:
        """[(path, its sections)]: what lets in before what redirects, so that nothing is redirected unfiltered."""
        found: dict[str, list[Section]] = {}
        for section in LOAD_ORDER:
            if path := self.path(section, jail):
                found.setdefault(path, []).append(section)
        return list(found.items())

    @property
    def parents(self) -> list[tuple[Section, str]]:
        """(section, path of the folder) for the lines of pf.conf: ("nat", "jailpf") ..."""
        return [(section, self.paths[section].rpartition("/")[0]) for section in SECTIONS if section in self.paths]


@lru_cache(4096)
def component(name: str, limit: int) -> str:
    """`name` as the last part of an anchor path of at most `limit` bytes: itself, or a stable short form with a hash."""
    if len(name) <= limit and _PLAIN.fullmatch(name) and not _SHORT.search(name):
        return name
    from hashlib import sha256

    clean = re.sub(r"[^A-Za-z0-9_.-]", "-", name).lstrip("_.-")
    return f"{clean[: limit - 10] or 'x'}-h{sha256(name.encode()).hexdigest()[:8]}"


_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_SHORT = re.compile(r"-h[0-9a-f]{8}$")


def jail_label(jail: str) -> str:
    """The label of all pass rules of a jail."""
    return "jailpf/" + component(jail, LIMIT - 7)


def service_label(jail: str, service: str) -> str:
    """The label of a service's pass rules."""
    whole = component(jail, LIMIT - 7) + "/" + service
    if len(whole) > LIMIT - 7:
        whole = component(jail, 27) + "/" + component(service, 28)
    return "jailpf/" + whole


def tag(direction: str, jail: str) -> str:
    """ "jailpf.in/JAIL" or "jailpf.out/JAIL"."""
    start = f"jailpf.{direction}/"
    return start + component(jail, LIMIT - len(start))
