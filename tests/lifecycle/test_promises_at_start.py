"""promises.toml and the hooks: no plan, however warm, goes past a promise."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stand_ins.machine import web

if TYPE_CHECKING:
    from stand_ins.machine import Machine

IFCONFIG = """\
em0: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
\tinet 203.0.113.1 netmask 0xffffff00 broadcast 203.0.113.255
lo0: flags=1008049<UP,LOOPBACK,RUNNING,MULTICAST,LOWER_UP> metric 0 mtu 16384
\tinet 127.0.0.1 netmask 0xff000000
\tgroups: lo
lo1: flags=1008049<UP,LOOPBACK,RUNNING,MULTICAST,LOWER_UP> metric 0 mtu 16384
\tinet 172.16.15.16 netmask 0xffffffff
\tgroups: lo
"""


def test_a_promise_is_asked_at_every_start(machine: Machine) -> None:
    """Also when the jail was checked before the promise was made and nothing else has changed."""
    machine.install("ifconfig", f"print({IFCONFIG!r}, end='')\n")
    machine.settings(programs=("pfctl", "jls", "ifconfig"))
    machine.declare("web", web())
    machine.jailpf("prestart", "web")
    file = machine.toml.with_name("promises.toml")
    file.write_text('[[never]]\nfrom = "outside"\nto = "jail:web"\n')
    for _ in range(2):
        said = machine.jailpf("prestart", "web", status=65)
        assert f"{file}:1:1: never from outside to jail:web is not kept: tcp from" in said.stderr
    file.unlink()
    machine.jailpf("prestart", "web")


def test_created_asks_where_prestart_has_not_let_the_jail_pass(machine: Machine) -> None:
    """A manager that goes on after a refused prestart gets nothing loaded; not even by an older prestart that passed."""
    machine.install("ifconfig", f"print({IFCONFIG!r}, end='')\n")
    machine.settings(programs=("pfctl", "jls", "ifconfig"))
    machine.declare("web", web())
    machine.jailpf("prestart", "web")
    file = machine.toml.with_name("promises.toml")
    file.write_text('[[never]]\nfrom = "outside"\nto = "jail:web"\n')
    machine.jailpf("prestart", "web", status=65)
    assert "is not kept" in machine.jailpf("created", "web", status=65).stderr
    file.write_text("[[never]]\nfrom = nobody\n")
    for verb in ("prestart", "created"):
        machine.jailpf(verb, "web", status=78)
    assert machine.anchors() == {}
    file.unlink()
    machine.jailpf("prestart", "web")
    machine.calls()
    machine.jailpf("created", "web")
    assert len(machine.calls()) == 1


def test_created_alone_asks_pf_whether_it_is_ready(machine: Machine) -> None:
    """Without a prestart nobody else has said that these rules would never be evaluated."""
    machine.declare("web", web())
    (machine.state / "main").write_text("block all\n")
    for verb in ("prestart", "created"):
        assert "the main ruleset never evaluates" in machine.jailpf(verb, "web", status=69).stderr
    assert machine.anchors() == {}


def test_a_prestart_of_long_ago_says_nothing_of_todays_promises(machine: Machine) -> None:
    """A start that was given up leaves its mark: `created` looks again after a minute, on both ways."""
    machine.install("ifconfig", f"print({IFCONFIG!r}, end='')\n")
    machine.settings(programs=("pfctl", "jls", "ifconfig"))
    machine.declare("web", web())
    machine.jailpf("prestart", "web")
    os.utime(machine.run_dir / "starting/web", (1, 1))
    machine.toml.with_name("promises.toml").write_text('[[never]]\nfrom = "outside"\nto = "jail:web"\n')
    assert "is not kept" in machine.jailpf("created", "web", status=65).stderr
    assert machine.anchors() == {}
