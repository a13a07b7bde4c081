"""Words of old rules that a declaration has others for: block, states, ports that are taken."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run
    from stand_ins.host import Host


@pytest.mark.parametrize(
    ("block", "declared"),
    [
        ("block in quick from <t> to 172.16.15.29\n", {"t": {"from": "<t>"}}),
        ("block return in log quick inet proto tcp to 172.16.15.29 port 25\n", {"blocked": {"from": "any", "proto": "tcp", "port": 25, "log": True, "return": True}}),
        ("block out quick inet from 172.16.15.29 to 10.0.0.0/8\n", {"blocked": {"to": "10.0.0.0/8"}}),
    ],
)  # fmt: skip
def test_a_block_becomes_a_deny(host: Host, jailpf: Run, block: str, declared: dict[str, object]) -> None:
    """Of whoever comes, or of what the jail sends; above what is let in, as `quick` was."""
    host.file("data/web/etc/pf.conf.d/web.table", "172.16.15.29\n")
    host.file("data/web/etc/pf.conf.d/t.table", "192.0.2.0/24\n")
    host.file(
        "data/web/etc/pf.conf.d/filter.conf", block + "pass in quick inet proto tcp to 172.16.15.29 port { 25 80 }\n"
    )
    settings = host.root / "jailpf/jailpf.toml"
    settings.write_text(f"direct = true\n{settings.read_text()}")
    status, out, err = jailpf("import", "pfrule", f"{host.root}/data/web/etc/pf.conf.d")
    assert (status, out.endswith("web: lets in the same\n")) == (0, True), out + err
    assert tomllib.loads((host.root / "jailpf/jails/web.toml").read_text())["deny"] == declared


def test_a_policy_that_rules_make_exceptions_of_is_no_deny(host: Host, jailpf: Run) -> None:
    """`block` without quick, and a pass behind it: a deny would shut out everybody. The last of the rules is one."""
    lines = "block in proto tcp to 172.16.15.29\npass in proto tcp to 172.16.15.29 port 80\nblock in from 192.0.2.1 to 172.16.15.29\n"
    host.file("data/web/etc/pf.conf.d/filter.conf", lines)
    status, out, err = jailpf("import", "-n", "pfrule", f"{host.root}/data/web/etc/pf.conf.d")
    assert status == 1
    assert "filter.conf:1:1: a block without `quick` is a policy" in err
    assert out.count("[deny.") == 1
    assert "lets in more, as pf.conf lets in what no rule blocks: anyone outside" in out


def test_states_of_their_own_are_kept(host: Host, jailpf: Run) -> None:
    """modulate, sloppy; `flags S/SA` is what pf does anyway."""
    lines = "".join(
        f"pass in quick inet proto tcp to 172.16.15.29 port {port} {state}\n"
        for port, state in ((25, "flags S/SA modulate state"), (80, "keep state (sloppy)"))
    )
    host.file("data/web/etc/pf.conf.d/filter.conf", lines)
    status, out, err = jailpf("import", "-n", "pfrule", f"{host.root}/data/web/etc/pf.conf.d")
    assert status == 0, out + err
    assert [out.count(f'state = "{state}"') for state in ("modulate", "sloppy")] == [1, 1]


def test_two_jails_on_one_port_are_told_once(host: Host, jailpf: Run) -> None:
    """The first is written; the second is what check would refuse, and is not."""
    folders = []
    for jail, number in (("web", 29), ("mail", 15)):
        text = f"rdr on em0 inet proto tcp to 203.0.113.1 port 80 -> 172.16.15.{number}\n"
        folders.append(str(Path(host.file(f"data/{jail}/etc/pf.conf.d/rdr.conf", text)).parent))
    status, out, err = jailpf("import", "pfrule", *folders)
    assert status == 1
    assert len([line for line in err.splitlines() if "claims tcp port 80" in line]) == 1
    assert "mail: `jailpf check` would refuse this, so no file was written" in out
    assert [path.name for path in (host.root / "jailpf/jails").iterdir()] == ["web.toml"]
    assert jailpf("check", "web")[0] in (0, 1)
