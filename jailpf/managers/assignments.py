"""Files of plain assignments in sh(1) syntax, as several managers keep their settings. They are read, never run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.errors import ConfigError
from jailpf.system import files

if TYPE_CHECKING:
    from collections.abc import Mapping

_ASSIGNMENT = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)=
        (?:"(?P<double>[^"`\\]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"'`\\;&|<>()\#]*))
        \s*(?:[\#;].*)?$""",
    re.VERBOSE,
)


def read_assignments(file: str, defaults: Mapping[str, str]) -> dict[str, str]:
    """The assignments of a file; a line of any other form is ignored. defaults: what `$name` may stand for besides.

    Raises ConfigError, PermissionDeniedError.
    """
    found: dict[str, str] = {}
    for line in files.read(file, ConfigError).decode("utf-8", "replace").splitlines():
        if given := _ASSIGNMENT.match(line):
            expanded = given["double"] if given["double"] is not None else given["bare"]
            single = given["single"]
            found[given["name"]] = expand(expanded, {**defaults, **found}) if single is None else single
    return found


def expand(text: str, known: Mapping[str, str]) -> str:
    """`${name}` and `$name` replaced; unknown ones, and those that go in circles, by nothing, as sh(1) would."""
    for _ in range(8):
        wider = re.sub(r"\$\{(\w+)\}|\$(\w+)", lambda found: known.get(found[1] or found[2], ""), text)
        if wider == text:
            break
        text = wider
    return text if "$" not in text else ""
