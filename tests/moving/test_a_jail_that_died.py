"""A jail that died without its poststop, and one that wants its port."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Run
    from stand_ins.host import Host

HTTP = "[service.http]\nport = 80\n"


def test_the_dead_jails_port_is_refused_with_the_way_out(host: Host, jailpf: Run) -> None:
    """`jail -R` runs no hook (facts.md): the claim stays, and the error says what takes it away. sync does."""
    host.file("jailpf/jails/web.toml", HTTP)
    host.file("jailpf/jails/mail.toml", HTTP)
    host.running({"web": {"ip4.addr": ["172.16.15.29"]}})
    assert jailpf("created", "web")[0] == 0
    status, _, err = jailpf("created", "mail")
    assert (status, "give one of them another port" in err) == (65, True)
    host.running({"mail": {"ip4.addr": ["172.16.15.15"]}})
    status, _, err = jailpf("created", "mail")
    assert (status, "`jailpf sync` removes the rules of web" in err) == (65, True)
    assert jailpf("sync")[0] == 0
    assert jailpf("status", "mail")[0] == 0
