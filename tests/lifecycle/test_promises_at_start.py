"""promises.toml and the hooks: no plan, however warm, goes past a promise."""

from __future__ import annotations

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
