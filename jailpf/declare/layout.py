"""Layouts: which section goes to which anchor path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.model import SECTIONS
from jailpf.values.anchors import LIMIT, component

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jailpf.declare.schema import Reader
    from jailpf.model import Section

LOAD_ORDER: tuple[Section, ...] = ("filter", "nat", "binat", "rdr")

LAYOUTS: dict[str, dict[Section, str]] = {
    "single": dict.fromkeys(SECTIONS, "jailpf/{jail}"),
    "split": {"nat": "nat/{jail}", "binat": "binat/{jail}", "rdr": "rdr/{jail}", "filter": "filter/{jail}"},
    "bastille": {"rdr": "rdr/jailpf.{jail}", "filter": "bastille/jailpf.{jail}"},
}


CALLS = {"nat": "nat-anchor", "binat": "binat-anchor", "rdr": "rdr-anchor", "filter": "anchor"}
"""section -> the word of pf.conf that calls anchors in it."""
ABOVE = "-deny."
"""What the name of an anchor begins with whose rules stand above those of all jails: pf asks the children of a folder in
strcmp() order, and no jail's own anchor begins with "-" (facts.md section 3)."""
OLDER = "allow/{jail}"
"""Mail Toaster's word before November 2024: pf.conf may call this one, and rules may still be loaded there."""
PF_CONF = "/etc/pf.conf"
OWN_LOOPBACK = "pass on lo0 from { 127.0.0.1 ::1 } to { 127.0.0.1 ::1 }"
"""What the host says to itself, and nobody else: no jail sends from these addresses."""


@dataclass(frozen=True, slots=True)
class Layout:
    """section -> "path/{jail}". A section without a path has no place. told_by: the pf.conf that decided a path, "" for none."""

    name: str
    paths: Mapping[Section, str]
    told_by: str = ""

    def twin(self, jail: str) -> str:
        """The other path where Mail Toaster may have loaded a jail's filter rules, "" for other layouts."""
        if self.name != "split":
            return ""
        word = LAYOUTS["split"]["filter"] if self.paths["filter"] == OLDER else OLDER
        return word.replace("{jail}", component(jail, LIMIT))

    def path(self, section: Section, jail: str) -> str:
        """The anchor of a jail for a section, "" when the layout has none."""
        return _filled(self.paths.get(section, ""), jail)

    def above(self, jail: str) -> str:
        """The anchor for what a jail denies, beside that of its filter rules, "" when there is none."""
        return _filled(self._above, jail)

    @property
    def _above(self) -> str:
        folder, slash, name = self.paths.get("filter", "").rpartition("/")
        return f"{folder}{slash}{ABOVE}{name}" if name else ""

    def every(self, jail: str) -> list[str]:
        """All anchors that a jail may have, in the order of loading."""
        return [*filter(None, [self.above(jail)]), *(path for path, _ in self.in_load_order(jail))]

    @property
    def starts(self) -> tuple[str, ...]:
        """What the paths of all jails' anchors begin with."""
        return tuple(dict.fromkeys(path.partition("{jail}")[0] for path in (*self.paths.values(), self._above) if path))

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


def _filled(template: str, jail: str) -> str:
    return template.replace("{jail}", component(jail, LIMIT - len(template) + 6))


def read_layout(reader: Reader, raw: object) -> Layout | None:
    """`layout` of jailpf.toml: a name, or a table section = "path/{jail}"; None when it is noted as wrong."""
    if isinstance(raw, str):
        if raw in LAYOUTS:
            return Layout(raw, LAYOUTS[raw])
        reader.wrong(
            ("layout",),
            f"{raw!r} is not a layout",
            'single, split, bastille, or a table: section = "path/{jail}"',
        )
        return None
    table = reader.table(("layout",), raw, "layout")
    reader.unknown(("layout",), table, [*SECTIONS, "allow"], "layout")
    paths: dict[str, str] = {}
    for section, path in table.items():
        if not isinstance(path, str) or not _PATH.fullmatch(path) or len(path) > 40:
            reader.wrong(
                ("layout", section),
                f"{path!r} is not an anchor path",
                'write "path/{jail}": letters, digits, "_", "." and "-" between slashes',
            )
        elif other := next((known for known in paths.values() if _mixed(known, path)), ""):
            reader.wrong(
                ("layout", section),
                f"{path} and {other} are in one folder, so that the paths of two jails could be the same",
                "give each a folder of its own, or both the same path",
            )
        elif (section := "filter" if section == "allow" else section) in paths:
            reader.wrong(("layout", "allow"), "`allow` is another word for `filter`", "write one of them")
        else:
            paths[section] = path
    return Layout("own", {section: paths[section] for section in SECTIONS if section in paths})


def as_called(layout: Layout, text: str, file: str = "") -> Layout:
    """The layout `split` with the word that the text of a pf.conf calls: filter, or allow where only that one is there."""
    word = OLDER if _calls(text, "allow") and not _calls(text, "filter") else LAYOUTS["split"]["filter"]
    return Layout(layout.name, {**layout.paths, "filter": word}, file) if layout.name == "split" else layout


def as_called_in(layout: Layout, file: str) -> Layout:
    """The same for a pf.conf, which need not be there. "": there is none."""
    if layout.name != "split" or not file:
        return layout
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            return as_called(layout, opened.read(), file)
    except OSError:
        return as_called(layout, "", file)


def _calls(text: str, word: str) -> bool:
    return re.search(rf'^\s*anchor\s+"?{word}/\*', text, re.MULTILINE) is not None


def _mixed(one: str, other: str) -> bool:
    """Whether "a/{jail}" of one jail can be "a/x{jail}" of another."""
    return one != other and one.rpartition("/")[0] == other.rpartition("/")[0]


_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*/([A-Za-z0-9][A-Za-z0-9_.-]*)?\{jail\}")
