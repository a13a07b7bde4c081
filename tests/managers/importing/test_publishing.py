from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from alike import differences

from jailpf import registry
from jailpf.compile.whole import compile_jail
from jailpf.declare import toml
from jailpf.declare.host import Host as HostSettings
from jailpf.declare.services import read
from jailpf.errors import ConfigError, NoJailError
from jailpf.lifecycle.jails import Jails
from jailpf.values import Interface, TableName

if TYPE_CHECKING:
    from stand_ins.host import Host

    from jailpf.declare.settings import Settings
    from jailpf.managers.importing import Imported

WEB = "web {\n  path = /x;\n  ip4.addr = bastille0|10.17.89.50;\n  ip6.addr = bastille0|fd00::50;\n}\n"


def settings(host: Host) -> Settings:
    return replace(host.settings, host=HostSettings(ext_if=(Interface("em0"),), tables=(TableName("friends"),)))


def imported_by(host: Host, adapter: str, names: list[str]) -> list[Imported]:
    return list(host.adapter(adapter, settings(host)).import_(names))


def rendered(host: Host, one: Imported) -> str:
    one.write()
    jails = Jails(settings(host), registry.build())
    services = read(toml.load(one.file), jails.registry.rule_types, settings(host))
    return "".join(anchor.text for anchor in compile_jail(jails.find(one.jail, services), services, jails).anchors)


def test_rdr_conf_becomes_services_that_say_the_same(host: Host) -> None:
    host.bastille({"web": WEB, "silent": WEB.replace("web", "silent")})
    file = host.file(
        "bastille/jails/web/rdr.conf",
        "dual em0 any any tcp 80 80\ndual em0 any any tcp 443 443\ndual em0 any any tcp 53 53\ndual em0 any any udp 53 53\n"
        "ipv4 em1 192.0.2.0/24 198.51.100.7 tcp 2222 22 log ( all )\ntcp 8000 9000\nipv4 em0 any any udp 2000:2010 3000:3010\n"
        "dual em0 <friends> any tcp 5432 5432\nnonsense\n",
    )
    (one,) = imported_by(host, "bastille", [])
    assert tomllib.loads(one.text) == {
        "service": {
            "http": {"port": [80, 443], "rdr": {"to": "any"}},
            "dns": {"proto": "tcp+udp", "port": 53, "rdr": {"to": "any"}},
            "ssh": {
                "port": 22, "from": "192.0.2.0/24", "rdr": {"port": 2222, "to": "198.51.100.7", "on": "em1"},
                "allow": {"log": True, "on": "em1"},
            },
            "tcp-9000": {"port": 9000, "rdr": {"port": 8000, "to": "any"}},
            "udp-3000": {"proto": "udp", "port": "3000:3010", "family": "inet", "rdr": {"port": "2000:2010", "to": "any"}},
            "postgresql": {"port": 5432, "from": "<friends>", "rdr": {"to": "any"}},
        }
    }  # fmt: skip
    (problem,) = one.problems
    assert str(problem).startswith(f"{file}:9: 'nonsense' is neither `PROTO HOST JAIL` nor")
    assert "# nonsense\n" in one.text
    assert "`log` became that of allow" in str(one.warnings[0])
    assert [str(difference) for difference in differences(one.before, rendered(host, one))] == []


def test_a_row_with_a_table_that_nobody_defines_keeps_nothing_of_the_others(host: Host) -> None:
    """It is told once, with what to write."""
    host.bastille({"web": WEB})
    host.file("bastille/jails/web/rdr.conf", "dual em0 <office> any tcp 22 22\ndual em0 any any tcp 80 80\n")
    (one,) = imported_by(host, "bastille", [])
    assert list(tomllib.loads(one.text)["service"]) == ["http"]
    (problem,) = one.problems
    assert "rdr.conf:1: no table <office> is defined; if pf.conf has it, write tables" in str(problem)


def test_a_jail_of_one_family_gets_rules_of_one(host: Host) -> None:
    host.bastille({"web": WEB.replace("  ip6.addr = bastille0|fd00::50;\n", "")})
    host.file("bastille/jails/web/rdr.conf", "tcp 80 80\n")
    (one,) = imported_by(host, "bastille", ["web"])
    assert tomllib.loads(one.text) == {"service": {"http": {"port": 80, "rdr": {"to": "any"}}}}
    assert differences(one.before, rendered(host, one)) == []


def test_a_jail_whose_address_nobody_knows_is_imported_without_it(host: Host) -> None:
    host.bastille({"web": "web { vnet; path = /x; }\n"})
    host.file("bastille/jails/web/rdr.conf", "udp 53 53\n")
    (one,) = imported_by(host, "bastille", [])
    assert tomllib.loads(one.text) == {"service": {"dns": {"proto": "udp", "port": 53, "rdr": {"to": "any"}}}}
    assert one.before == ""


def test_bastille_jails_that_are_not_there_or_publish_nothing(host: Host) -> None:
    host.bastille({"web": WEB})
    assert imported_by(host, "bastille", []) == []
    with pytest.raises(NoJailError, match="bastille publishes nothing for web"):
        imported_by(host, "bastille", ["web"])
    with pytest.raises(NoJailError, match="bastille has no jail nosuch; `bastille list`"):
        imported_by(host, "bastille", ["nosuch"])


def test_nat_forwards_name_the_jails_port_first(host: Host) -> None:
    host.iocage(
        {
            "j": {"nat": 1, "nat_forwards": "tcp(80:8080),udp(53),tcp(1000-1010),tcp(443,22:2222),tcp/udp(5000:5001)"},
            "quiet": {"nat_forwards": "none"},
        },
        defaults={"nat_backend": "pf"},
    )
    (one,) = imported_by(host, "iocage", [])
    assert tomllib.loads(one.text)["service"] == {
        "http": {"port": [80, 443], "family": "inet", "rdr": {"port": [8080, 443]}},
        "dns": {"proto": "udp", "port": 53, "family": "inet"},
        "tcp-1000": {"port": "1000:1010", "family": "inet"},
        "ssh": {"port": 22, "family": "inet", "rdr": {"port": 2222}},
        "tcp-5000": {"proto": "tcp+udp", "port": 5000, "family": "inet", "rdr": {"port": 5001}},
    }
    assert any("its address changes at every start; `iocage set nat=0" in str(said) for said in one.warnings)
    assert one.problems == ()


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("icmp(8)", "it is not of the form"),
        ("80:8080", "it is not of the form"),
        ("tcp(80-90:80)", "differ in width"),
        ("tcp(99999)", "port 99999 does not exist"),
    ],
)
def test_a_forward_that_cannot_be_read_is_kept(host: Host, entry, reason) -> None:
    host.iocage({"j": {"nat_forwards": f"{entry},tcp(25)"}})
    (one,) = imported_by(host, "iocage", ["j"])
    assert reason in str(one.problems[0])
    assert f"# nat_forwards: {entry}\n" in one.text
    assert tomllib.loads(one.text) == {"service": {"mail": {"port": 25, "family": "inet"}}}


def test_iocage_jails_that_are_not_there_or_forward_nothing(host: Host) -> None:
    host.iocage({"j": {}})
    assert imported_by(host, "iocage", []) == []
    with pytest.raises(NoJailError, match="iocage publishes nothing for j"):
        imported_by(host, "iocage", ["j"])
    with pytest.raises(NoJailError, match="iocage has no jail nosuch; `iocage list`"):
        imported_by(host, "iocage", ["nosuch"])
    host.file("iocage/jails/j/config.json", "{")
    with pytest.raises(ConfigError, match="not valid JSON"):
        imported_by(host, "iocage", [])
