"""jailpf.testing.PfConf: anybody's pf.conf in anybody's pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.errors import PfRefusedError
from jailpf.testing import PfConf

if TYPE_CHECKING:
    from pathlib import Path

TEXT = 'ext = "em0"\nset skip on lo0\nblock in on $ext\npass in on $ext proto tcp to $ext port { 22 443 }\npass out\n'


def test_who_gets_in() -> None:
    """Ports that are open reach the host, others are blocked; a failing assertion names the deciding rule."""
    conf = PfConf(TEXT, {"em0": ["198.51.100.1/24"]})
    conf.traffic("192.0.2.7", 443).reaches("host", port=443)
    conf.traffic("192.0.2.7", 25).is_blocked()
    with pytest.raises(AssertionError, match="block drop in on em0 all"):
        conf.traffic("192.0.2.7", 25).reaches("host")
    assert "block drop in on em0 all" in conf.printed


def test_what_pfctl_refuses(tmp_path: Path) -> None:
    """The file, the line and pfctl's sentence."""
    (tmp_path / "pf.conf").write_text("pass\npass in proto tcp to port 99999\n")
    with pytest.raises(PfRefusedError, match=r"pf\.conf:2: illegal port value 99999"):
        PfConf(tmp_path / "pf.conf")
