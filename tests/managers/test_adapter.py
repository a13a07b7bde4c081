from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.managers.adapter import Adapter, ask

if TYPE_CHECKING:
    from stand_ins.host import Host


def test_the_first_that_knows_the_jail_answers(host: Host) -> None:
    host.jail_conf("web { ip4.addr = 10.0.0.1; }\ndb { ip4.addr = 10.0.0.2; }\n")
    host.bastille({"web": "web { path = /x; ip4.addr = 10.0.0.9; }\n"})
    adapters = host.adapters
    assert [one.name for one in adapters] == ["bastille", "iocage", "jail.conf"]
    assert all(one.adapters == adapters for one in adapters)
    found = [ask(adapters, name) for name in ("web", "db", "nosuch")]
    assert [one and one[0].name for one in found] == ["bastille", "jail.conf", None]


def test_a_manager_that_overrides_nothing_has_nothing(host: Host) -> None:
    """Every method of the contract but `find` has an answer that means "this manager has none"."""

    class Bare(Adapter):
        name = "bare"

    bare = Bare(host.settings)
    found = [list(bare.names()), list(bare.claims()), list(bare.import_([])), list(bare.findings())]
    assert found == [[], [], [], []]
    assert bare.running_name("x") == "x"
    assert not any(Bare.offers(method) for method in ("hooks", "claims", "import_", "findings"))
