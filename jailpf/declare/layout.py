"""Layouts: which section goes to which anchor path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.model import SECTIONS
from jailpf.values.anchors import LIMIT, component

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jailpf.model import Section

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
