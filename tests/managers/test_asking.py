from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.managers.asking import ask, built_in
from jailpf.managers.builtin import jailpf_adapters

if TYPE_CHECKING:
    from stand_ins.host import Host


def test_the_first_that_knows_the_jail_answers(host: Host) -> None:
    host.jail_conf("web { ip4.addr = 10.0.0.1; }\ndb { ip4.addr = 10.0.0.2; }\n")
    host.bastille({"web": "web { path = /x; ip4.addr = 10.0.0.9; }\n"})
    adapters = built_in(host.settings)
    assert (
        [one.name for one in adapters] == [one.name for one in jailpf_adapters()] == ["bastille", "iocage", "jail.conf"]
    )
    found = [ask(adapters, name) for name in ("web", "db", "nosuch")]
    assert [one and one[0].name for one in found] == ["bastille", "jail.conf", None]
