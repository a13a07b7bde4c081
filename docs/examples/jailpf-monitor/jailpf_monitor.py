"""Lets the hosts of pf.conf's table <monitoring> ping every jail, and notes for node_exporter when a jail stopped."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jailpf.plugin import FAMILIES, Peer, Protocol, Rule, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.plugin import Jail

FOLDER = Path("/var/db/node_exporter")
"""Where node_exporter's textfile collector looks (`node_exporter_textfile_dir` in rc.conf); root's alone to write in."""


@hookimpl
def jailpf_created(jail: Jail) -> Iterator[Rule]:
    """One rule for each family. Asked for `render` and `diff` as well: it says what should be loaded, and does nothing."""
    for family in FAMILIES:
        if addresses := jail.of(family):
            yield Rule(
                action="pass",
                quick=True,
                family=family,
                proto=Protocol.parse("icmp" if family == "inet" else "icmp6"),
                source=(Peer.parse("<monitoring>"),),
                to=tuple(map(Peer.of, addresses)),
            )


@hookimpl
def jailpf_poststop(jail: Jail) -> None:
    """Write the moment, whole or not at all. What fails here is reported, and the jail is gone all the same."""
    if not FOLDER.is_dir():
        return
    staged = FOLDER / f".{jail.name}.new"
    staged.write_text(f'jailpf_jail_stopped_timestamp_seconds{{jail="{jail.name}"}} {time.time():.0f}\n')
    os.replace(staged, FOLDER / f"jailpf-{jail.name}.prom")
