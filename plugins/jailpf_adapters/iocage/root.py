"""Where iocage keeps its jails."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.plugin import ConfigError, Place, run_program

if TYPE_CHECKING:
    from jailpf.plugin import Settings

PROPERTY = "org.freebsd.ioc:active"


def iocage_root(settings: Settings, root: str, program: str) -> str:
    """`root` as [managers.iocage] has it, or the mount point of POOL/iocage; "" without iocage or an active pool.

    The property is one of the pool's root file system (`iocage activate` sets it there), so zfs(8) knows it on every
    version. Raises ConfigError when what is set or mounted is not a folder.
    """
    if root:
        if not os.path.isdir(root):
            raise ConfigError(
                "iocage's root is not a folder", Place(root), "correct [managers.iocage] root in jailpf.toml"
            )
        return root
    if not all(map(os.path.exists, (program, settings.programs["zpool"], settings.programs["zfs"]))):
        return ""
    pool = _active_pool(settings)
    if not pool:
        return ""
    mounted = run_program(settings.programs["zfs"], "get", "-H", "-o", "value", "mountpoint", f"{pool}/iocage").strip()
    if not mounted.startswith("/") or not os.path.isdir(mounted):
        remedy = "set [managers.iocage] root in jailpf.toml"
        raise ConfigError(f"{pool}/iocage is not mounted at a folder, zfs(8) says {mounted!r}", None, remedy)
    return mounted


def _active_pool(settings: Settings) -> str:
    pools = run_program(settings.programs["zpool"], "list", "-H", "-o", "name").split()
    if not pools:
        return ""
    said = run_program(settings.programs["zfs"], "get", "-H", "-o", "name,value", PROPERTY, *pools)
    for line in said.splitlines():
        words = line.split()
        if len(words) == 2 and words[1] == "yes":
            return words[0]
    return ""
