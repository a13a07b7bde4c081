"""The host: pf itself, the kernel's settings, limits, versions."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from jailpf import __version__
from jailpf.doctor.world import prepared
from jailpf.managers.finding import Finding
from jailpf.state import records
from jailpf.system import programs, rc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.lifecycle.session import Session


def pf_runs(session: Session) -> Iterator[Finding]:
    """Whether pf is loaded and enabled."""
    if session.pf.enabled():
        yield Finding("fine", "pf is loaded and enabled")
    else:
        yield Finding(
            "error",
            "pf is disabled",
            "pf redirects and blocks nothing",
            "sysrc pf_enable=YES && service pf start",
        )


def versions(session: Session) -> Iterator[Finding]:
    """What this is running on."""
    system = f"{platform.system()} {platform.release()}"
    yield Finding(
        "fine", f"jailpf {__version__}, Python {platform.python_version()}, {system}, pf: {session.settings.pf}"
    )
    if session.settings.pf == "pfctl" and platform.system() != "FreeBSD":
        yield Finding(
            "warning",
            f"this is {platform.system()}",
            "jailpf needs the pf of FreeBSD",
            'pf = "simulated" in jailpf.toml, to try it out',
        )


def anchors_limit(session: Session) -> Iterator[Finding]:
    """Whether the limit of anchors has room for all declared jails."""
    limit = session.pf.limit("anchors")
    if limit is None:
        return
    layout = session.settings.layout
    each = len(set(layout.paths.values()))
    denying = {layout.above(name) for name in session.jails.declared()}.intersection(session.pf.anchors())
    needed = each * len(session.jails.declared()) + len(denying)
    others = len(session.pf.anchors())
    if needed + 16 > limit:
        yield Finding(
            "error" if needed > limit else "warning",
            f"the declared jails need {needed} anchors, but pf allows {limit} in all ({others} exist now)",
            "a jail cannot start when pf has no room for its anchor",
            f"in pf.conf: set limit anchors {max(1024, 2 * needed)}",
        )


def forwarding(session: Session) -> Iterator[Finding]:
    """Whether the host forwards, which vnet jails need."""
    if session.settings.pf != "pfctl":
        return
    loaded = [record for record in records.everything(session.directory) if record.vnet]
    families = {"inet6" if ":" in address else "inet" for record in loaded for address in record.addresses}
    families |= {address.family for one in prepared(session) if one.jail.vnet for address in one.jail.addresses}
    for family in sorted(families):
        enable, name = rc.FORWARDING[family]
        if programs.run(session.settings.programs["sysctl"], "-n", name).strip() == "0":
            yield Finding(
                "error",
                f"{name} is 0",
                "packets to and from vnet jails are dropped",
                f"sysrc {enable}=YES && sysctl {name}=1",
            )


def securelevel(session: Session) -> Iterator[Finding]:
    """Whether the kernel lets anybody change rules (security(7))."""
    if session.settings.pf == "pfctl" and os.path.exists(session.settings.programs["sysctl"]):
        answer = programs.ask(session.settings.programs["sysctl"], "-n", "kern.securelevel")
        if answer.out.strip().isdigit() and int(answer.out) >= 3:
            why = "pf's rules cannot be changed any more, so jails that start now get none"
            mend = "sysrc kern_securelevel=2, and a boot"
            yield Finding("error", f"kern.securelevel is {answer.out.strip()}", why, mend)


def run_directory(session: Session) -> Iterator[Finding]:
    """Whether the run directory is ours alone."""
    path = session.directory.path
    if not os.path.isdir(path):
        return
    status = os.lstat(path)
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        yield Finding(
            "error",
            f"{path} is open to others",
            "the records in it decide what is removed when a jail stops",
            f"chmod 700 {path}"
            if status.st_uid == os.geteuid()
            else f"chown root {path} && chmod 700 {path}"
            if os.geteuid() == 0
            else "it belongs to another user: choose your own with --run DIR",
        )


CHECKS = (versions, pf_runs, securelevel, run_directory, anchors_limit, forwarding)
