"""The host's pf: whether the tests may have it, and giving it back as it was."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, NamedTuple

from freebsd.tools import ToolError, run, sysctl

if TYPE_CHECKING:
    from contextlib import ExitStack

PERMISSION = "JAILPF_FREEBSD_TESTS"
MARK = "jailpf_tests"  # a table of the tests' main rulesets, by which they are known again


def elsewhere() -> str:
    """Why this is no place for these tests, "" when it is one."""
    if not sys.platform.startswith("freebsd"):
        return "needs FreeBSD"
    if os.geteuid():
        return "needs root"
    if sysctl("security.jail.jailed") == "1":
        return "needs the host: this is a jail"
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return "there is one pf only: run `python3 -m pytest tests/freebsd` without -n"
    return ""


def refusal() -> str:
    """Why this host's pf must be left alone, "" when nothing would be lost."""
    if os.environ.get(PERMISSION) == "yes" or not loaded() or marked():
        return ""
    for option in ("-sr", "-sn", "-sA"):
        said = run("pfctl", option, must=False)
        if said.status:
            return f"`pfctl {option}` ends with {said.status}: {said.all.strip()}"
        if lines := said.out.strip():
            return (
                f"pf holds rules that these tests did not load (`pfctl {option}` begins with {lines.splitlines()[0]!r}); "
                f"{PERMISSION}=yes replaces the main ruleset for the time of the tests (tests/freebsd/README.md)"
            )
    return ""


def loaded() -> bool:
    """Whether there is a pf to ask: pf.ko, or a kernel with pf in it."""
    return os.path.exists("/dev/pf") or not run("kldstat", "-q", "-m", "pf", must=False).status


def marked() -> bool:
    """Whether the loaded main ruleset is one of ours, left behind by a run that was killed."""
    return not run("pfctl", "-t", MARK, "-T", "show", must=False).status


def enabled() -> bool:
    """Whether pf filters."""
    return run("pfctl", "-s", "Running", must=False).out.strip().startswith("Enabled")


class Before(NamedTuple):
    """What the host's pf held before the tests."""

    enabled: bool
    anchors: frozenset[str]
    main: str


def take(stack: ExitStack) -> Before:
    """Have pf for the tests: loaded and enabled. `stack` gives it back. Raises ToolError."""
    if not loaded():
        run("kldload", "pf")
        stack.callback(run, "kldunload", "pf", must=False)
    before = Before(False, frozenset(), "") if marked() else Before(enabled(), frozenset(anchors()), saved())
    stack.callback(give_back, before)
    return before


def give_back(before: Before) -> None:
    """Everything as it was. pf goes off first when it was off, so that nobody is locked out in between."""
    if not before.enabled and enabled():
        run("pfctl", "-d", must=False)
    clean(before)
    if before.main:
        run("pfctl", "-f", "-", text=before.main)
    else:
        run("pfctl", "-F", "all", must=False)


def clean(before: Before) -> None:
    """No anchor, table or state of ours."""
    for path in sorted(set(anchors()) - before.anchors, reverse=True):
        run("pfctl", "-a", path, "-f", "/dev/null", must=False)
        run("pfctl", "-a", path, "-F", "Tables", must=False)
    run("pfctl", "-F", "states", must=False)


def anchors() -> list[str]:
    """The paths of all anchors; pfctl's own `_` ones are left out."""
    found = run("pfctl", "-v", "-s", "Anchors", must=False).out.split("\n")
    paths = [line.strip() for line in found if line.startswith(" ")]
    return [path for path in paths if path and not any(part.startswith("_") for part in path.split("/"))]


def saved() -> str:
    """The main ruleset as text that can be loaded again: tables with their addresses, `set skip`, rules.

    Other options, queues and Ethernet rules are not in it; "" when there is nothing.
    """
    skips = [line.split()[0] for line in run("pfctl", "-v", "-s", "Interfaces").out.splitlines() if "(skip)" in line]
    rules = run("pfctl", "-s", "rules").out.splitlines()
    lines = [f"set skip on {name}" for name in skips]
    for name in run("pfctl", "-s", "Tables", must=False).out.split():
        words = run("pfctl", "-t", name, "-T", "show", must=False).out.split()
        lines.append(f"table <{name}> persist" + (f" {{ {' '.join(words)} }}" if words else ""))
    lines += [line for line in rules if line.startswith(("scrub", "no scrub"))]
    lines += run("pfctl", "-s", "nat").out.splitlines()
    lines += [line for line in rules if not line.startswith(("scrub", "no scrub"))]
    return "".join(line.rstrip() + "\n" for line in lines if line.strip())


def diagnosis() -> str:
    """All that helps to understand a failure: pf with every anchor, states, jails, interfaces, routes."""
    questions = [
        ("sysctl", "kern.osrelease", "kern.features.vimage", "net.inet.ip.forwarding", "net.inet6.ip6.forwarding"),
        ("pfctl", "-s", "Running"),
        ("pfctl", "-s", "Anchors"),
    ]
    for path in ["", *anchors()]:
        where = ["-a", path] if path else []
        questions += [("pfctl", *where, "-P", option) for option in ("-sn", "-vsr", "-sT")]
        tables = run("pfctl", *where, "-s", "Tables", must=False).out.split()
        questions += [("pfctl", *where, "-t", name, "-T", "show") for name in tables]
    questions += [
        ("pfctl", "-P", "-vvss"),
        ("jls", "name", "jid", "ip4.addr", "ip6.addr", "vnet"),
        ("ifconfig", "-a"),
        ("netstat", "-rn"),
    ]
    return "\n".join(map(_asked, questions))


def _asked(words: tuple[str, ...]) -> str:
    try:
        said = run(*words, seconds=15, must=False)
    except (ToolError, OSError) as wrong:
        return f"$ {' '.join(words)}\n{wrong}"
    text = re.sub(r"^", "    ", said.all.rstrip(), flags=re.MULTILINE) if said.all.strip() else "    (nothing)"
    return f"$ {' '.join(words)}   [exit {said.status}]\n{text}"
