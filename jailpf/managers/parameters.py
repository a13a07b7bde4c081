"""What jail(8) itself reads in a jail.conf: `jail -f FILE -e SEPARATOR`, one line for each jail.

Source: jail(8), facts.md section 8, freebsd/transcript-jail-15.txt.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from jailpf.errors import ConfigError, Place, Problem
from jailpf.system import programs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.declare.settings import Settings

SEPARATOR = "\x1f"  # US, "unit separator": no configuration holds one

Parameters = dict[str, tuple[str, ...]]
"""{parameter: its values}; () for one without a value, such as `vnet`."""

_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|((?:[^,\\]|\\.)*)', re.DOTALL)


def read(settings: Settings, file: str) -> dict[str, Parameters]:
    """The jails of a file with all their parameters, variables and globals applied.

    Raises ConfigError with jail(8)'s own words, PfUnavailableError without jail(8), TryAgainError when it hangs. A jail
    that stands twice in the file is a ConfigError: jail(8) would make two entries of it.
    """
    if without_jail(settings):
        return _on_a_laptop(file)
    try:
        out = programs.run(settings.programs["jail"], "-f", file, "-e", SEPARATOR)
    except ConfigError as wrong:
        if ".include" in str(wrong):
            remedy = "FreeBSD 13 does not support .include; write the jails in this file, or each in /etc/jail.conf.d/NAME.conf"
            wrong = ConfigError([*wrong.problems[:-1], wrong.problems[-1]._replace(remedy=remedy)])
        raise wrong from None
    return _by_name(map(parse, _lines(out)), file)


def without_jail(settings: Settings) -> bool:
    """Whether our own parser takes the place of jail(8): with the simulated pf, where there is none."""
    return settings.pf == "simulated" and not os.path.exists(settings.programs["jail"])


def _on_a_laptop(file: str) -> dict[str, Parameters]:
    """The same by jailpf's own parser: with the simulated pf no jail(8) is needed."""
    from jailpf.managers import jailparse

    try:
        return _by_name(jailparse.read(file)[0], file)
    except jailparse.JailConfError as wrong:
        raise ConfigError([_problem(line) for line in wrong.lines]) from None


def _problem(line: str) -> Problem:
    """A line of jail(8)'s as a problem with its place."""
    found = re.fullmatch(r"(?P<file>.*?) line (?P<line>\d+): (?P<what>.*)", line, re.DOTALL)
    remedy = "usually a `;` or a brace is missing before it"
    if found:
        return Problem(found["what"], Place(found["file"], int(found["line"])), remedy)
    return Problem(line, None, remedy if "EOF" in line else "")


def _by_name(found: Iterable[Parameters], file: str) -> dict[str, Parameters]:
    jails: dict[str, Parameters] = {}
    for parameters in found:
        # A jail with a number for a name is printed without any name.
        if name := "".join(parameters.get("name", ())):
            if name in jails:
                raise ConfigError(f"the jail {name} is defined twice", Place(file), "remove one of the two blocks")
            jails[name] = parameters
    return jails


def parse(line: str) -> Parameters:
    """One jail's line as parameters."""
    parameters: Parameters = {}
    for part in line.split(SEPARATOR):
        name, given, raw = part.partition("=")
        parameters[name] = tuple(_values(raw)) if given else ()
    return parameters


def _lines(out: str) -> list[str]:
    """A value may hold newlines: only a line that begins with a name begins a jail."""
    found: list[str] = []
    for line in out.split("\n"):
        if line.startswith("name=") or not found or SEPARATOR in line:
            found.append(line)
        elif line:
            found[-1] += "\n" + line
    return found


def _values(raw: str) -> list[str]:
    """jail(8) quotes values with blanks or quotes in them and doubles backslashes; commas stand between values."""
    values: list[str] = []
    at = 0
    while True:
        found = _VALUE.match(raw, at)
        if found is None:  # pragma: no cover - the last alternative matches anything
            return [*values, raw[at:]]
        whole = next(group for group in found.groups() if group is not None)
        values.append(re.sub(r"\\(.)", r"\1", whole, flags=re.DOTALL))
        if raw[found.end() : found.end() + 1] != ",":
            return values
        at = found.end() + 1
