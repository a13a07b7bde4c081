"""What the pages about moving say in sh(1), run by sh(1)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/how-to/from-pfrule.md"


def test_the_old_anchors_are_emptied(tmp_path: Path) -> None:
    """Each of the five of each jail, NAT and rules, by commands that succeed where there is no such anchor (facts.md)."""
    (block,) = [one for one in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL) if "pfctl" in one]
    pfctl = tmp_path / "pfctl"
    pfctl.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/log\n')
    pfctl.chmod(0o755)
    subprocess.run(["sh", "-eu", "-c", block], check=True, env={"PATH": f"{tmp_path}:/bin:/usr/bin"}, timeout=20)
    assert sorted((tmp_path / "log").read_text().splitlines()) == sorted(
        f"-q -a {kind}/dovecot -F {what}"
        for kind in ("binat", "nat", "rdr", "filter", "allow")
        for what in ("nat", "rules")
    )
