"""What pfctl says on standard error, as typed errors with a remedy (facts.md section 5)."""

from __future__ import annotations

import os
import re

from jailpf.errors import (
    JailpfError,
    PermissionDeniedError,
    PfRefusedError,
    PfUnavailableError,
    Place,
    Problem,
)

NOISE = re.compile(r"^(No ALTQ support in kernel|ALTQ related functions disabled)$")
_AT_LINE = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+): (?P<message>.*)$")
CONST = "{}pf does not let the `const` table <{}> be changed (Operation not permitted)"
RELOAD = "`jailpf unload` and `jailpf load` replace it"
_TRAILER = (
    "Syntax error in config file: pf rules not loaded",
    "pfctl: load anchors",
    "skipping rule due to errors",
    "rule expands to no valid combination",
)


def lines(stderr: str) -> list[str]:
    """What is left of standard error without blank lines and ALTQ's noise."""
    return [line for line in stderr.splitlines() if line.strip() and not NOISE.match(line.strip())]


def refusal(path: str, stderr: str, status: int, table: str = "", text: str = "") -> JailpfError:
    """The error for a pfctl that ended with `status`. path: the anchor, table: the table, "" when it is about none; text:
    what it was given to load."""
    said = lines(stderr)
    whole = "\n".join(said)
    # Who may not ask pf at all is told so of /dev/pf; of a table, this is `const` (facts.md, "Table commands").
    if table and "Operation not permitted" in whole and "/dev/pf" not in whole:
        return PfRefusedError(CONST.format(f"anchor {path}: " if path else "", table), None, RELOAD)
    if "Operation not permitted" in whole and os.geteuid() == 0:
        where = f"anchor {path}: " if path else ""
        return PfRefusedError(f"{where}pf does not let this be changed: {said[-1]}", None, "see securelevel(7)")
    if "Permission denied" in whole or "Operation not permitted" in whole:
        return PermissionDeniedError(f"pf does not answer: {said[-1]}", None, "run as root, on the host")
    if re.search(r"(/dev/pf|netlink): No such file", whole):
        return PfUnavailableError("pf is not loaded", None, "`kldload pf`, and pf_enable=YES in rc.conf(5)")
    where = f"anchor {path}: " if path else ""
    problems = [
        _refused(where, found, text.splitlines())
        for found in map(_AT_LINE.match, said)
        if found and not found["message"].endswith(_TRAILER)
    ]
    if not problems:
        problems = [Problem(f"{where}pfctl ended with {status}: {' / '.join(said) or 'it said nothing'}")]
    return PfRefusedError(problems)


def _refused(where: str, found: re.Match[str], given: list[str]) -> Problem:
    """What pf says of a line: of ours, the line itself, for "stdin" is no file that anybody could look into."""
    file, line = found["file"], int(found["line"])
    what = f"{where}pf refuses line {line}: {found['message']}"
    if file != "stdin" or not 0 < line <= len(given):
        return Problem(what, Place(file, line))
    report = "`jailpf render` shows where it comes from; if `jailpf check` accepts it, please report this"
    return Problem(f"{what}: {given[line - 1]}", None, report)
