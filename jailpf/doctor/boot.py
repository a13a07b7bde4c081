"""The next boot: whether it finds pf, its lines, the network and the log as they are now."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from jailpf.doctor.conf_lines import USUAL
from jailpf.doctor.world import prepared
from jailpf.errors import PfRefusedError
from jailpf.lifecycle.checks import readiness
from jailpf.managers.finding import Finding
from jailpf.pf import Loaded
from jailpf.pf.pfctl import Pfctl
from jailpf.system import rc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.lifecycle.session import Session

SYSCTL_CONF = "/etc/sysctl.conf"
AFTER = "after the next boot "


def pf_at_boot(session: Session) -> Iterator[Finding]:
    """Whether pf is enabled at boot."""
    known = _rc(session, "pf_enable")
    if rc.off(known.get("pf_enable")) and session.pf.enabled():
        why = f"{AFTER}pf redirects and blocks nothing"
        yield Finding("error", "pf is enabled now, but not at boot", why, "sysrc pf_enable=YES")


def pf_conf(session: Session) -> Iterator[Finding]:
    """Whether pf.conf, which the next boot loads, has the lines that pf has now."""
    file = _rc(session, "pf_rules").get("pf_rules") or USUAL
    if not isinstance(session.pf, Pfctl) or not _rc(session, "pf_enable") or not os.path.exists(file):
        return
    try:
        printed = session.pf.reads(file)
    except PfRefusedError as wrong:
        for problem in wrong.problems:
            why = f"{AFTER}pf has no rules at all, because it loads a file as a whole or not at all"
            yield Finding.of(problem, why)._replace(mend=f"pfctl -n -f {file}, until it prints nothing")
        return
    lines = tuple(line.strip() for line in printed)
    there = Loaded("", lines, lines)
    now = session.pf.read("", tables=False)
    for section, parent in session.settings.layout.parents:
        call = f'{readiness.CALLS[section]} "{parent}/*"'
        had, has = (readiness.calls(one, section, f"{parent}/x") for one in (now, there))
        if had and not has:
            yield Finding("error", f"{file} has no `{call}`, although pf has it now", f"{AFTER}pf never evaluates what jailpf loads there", f"add it to {file}")  # fmt: skip


def forwarding(session: Session) -> Iterator[Finding]:
    """Whether the host forwards after the next boot, which vnet jails need."""
    vnet = {address.family for one in prepared(session) if one.jail.vnet for address in one.jail.addresses}
    known = _rc(session, "gateway_enable", "ipv6_gateway_enable") if vnet else {}
    for family in sorted(vnet):
        name, sysctl = rc.FORWARDING[family]
        if rc.off(known.get(name)) and not _sets(sysctl):
            why = f"{AFTER}packets to and from vnet jails are dropped"
            yield Finding("warning", f"{name} is off in rc.conf(5)", why, f"sysrc {name}=YES && sysctl {sysctl}=1")


def cards(session: Session) -> Iterator[Finding]:
    """Whether the loopbacks and bridges of jails are made at boot."""
    names = sorted({str(one.jail.interface) for one in prepared(session) if one.jail.interface})
    names = [name for name in names if re.fullmatch(r"(lo[1-9]\d*|bridge\d+)", name)]
    known = _rc(session, "cloned_interfaces", "autobridge_interfaces") if names else {}
    made = " ".join(known.values()).split()
    for name in names if "cloned_interfaces" in known else ():
        if name not in made:
            why = f"{AFTER}{name} does not exist unless something else creates it, and jails that need it do not start"
            yield Finding("warning", f"rc.conf(5) makes no {name}", why, f'sysrc cloned_interfaces+="{name}"')


def logged(session: Session) -> Iterator[Finding]:
    """Whether what rules log is kept."""
    log = [one.jail.name for one in prepared(session) if any(rule.log for rule in one.ruleset.rules)]
    if log and rc.off(_rc(session, "pflog_enable").get("pflog_enable")):
        why = "their log is not written, so `jailpf log` has no file to read"
        what = f"rules of {', '.join(log)} log, but pflogd(8) does not start at boot"
        yield Finding("warning", what, why, "sysrc pflog_enable=YES && service pflog start")


def _rc(session: Session, *names: str) -> dict[str, str]:
    settings = session.settings
    return dict(rc.values(settings.programs["sysrc"], *names)) if settings.pf == "pfctl" else {}


def _sets(sysctl: str) -> bool:
    try:
        with open(SYSCTL_CONF, encoding="utf-8", errors="replace") as opened:
            return re.search(rf"^\s*{re.escape(sysctl)}\s*=\s*1", opened.read(), re.MULTILINE) is not None
    except OSError:
        return False


CHECKS = (pf_at_boot, pf_conf, forwarding, cards, logged)
