from __future__ import annotations

import pytest
from stand_ins.host import HERE, Host

from jailpf.errors import ConfigError
from jailpf.managers.building import bridges, with_running
from jailpf.managers.jailconf_text import outline
from jailpf.managers.parameters import parse
from jailpf.managers.sources import sources

TRANSCRIPT = """
exec.clean;
path = "/jails/base";
host.hostname = "$name.example.org";
exec.created   += "/usr/local/bin/hooktest created $name";
exec.start = "";
.include "%s/etc/jail.conf.d/*.conf";
"""
WEB = """
web {
  ip4.addr = "lo1|172.16.15.16/32", "lo1|172.16.15.17/32 vhid 1";
  ip4.addr += "lo1|172.16.15.18";
}
vn {
  vnet;
  vnet.interface = epair9b;
  exec.prestart = "/sbin/ifconfig epair9 create up", "ifconfig bridge7 addm epair9a";
}
inherit { ip4 = inherit; }
"""


def strings(jail):
    return [str(address) for address in jail.addresses]


def test_every_form_of_address_is_read_as_jail_8_reads_it(host: Host) -> None:
    host.jail_conf(TRANSCRIPT % host.root)
    host.file("etc/jail.conf.d/dovecot.conf", "dovecot { ip4.addr = 172.16.15.15; ip6.addr = fd7a:e5cd::000f; }\n")
    host.file("etc/jail.conf.d/web.conf", WEB)
    adapter = host.adapter("jail.conf")
    assert strings(adapter.find("dovecot")) == ["172.16.15.15", "fd7a:e5cd::f"]
    assert strings(adapter.find("web")) == ["172.16.15.16", "172.16.15.17", "172.16.15.18"]
    assert adapter.find("web").path == "/jails/base"
    assert adapter.find("web").settled
    assert list(adapter.names()) == ["dovecot", "web", "vn", "inherit"]
    assert len(host.calls("jail")) == 1, "one run of jail(8) for one file"
    assert host.calls("jls") == []


def test_the_inputs_are_all_files_and_folders_that_could_change_the_answer(host: Host) -> None:
    main = host.jail_conf(TRANSCRIPT % host.root)
    web = host.file("etc/jail.conf.d/web.conf", WEB + '.include "../extra/*/x.conf";\n')
    extra = host.file("etc/extra/one/x.conf", "path = /other;\n")
    etc = f"{host.root}/etc"
    found = host.adapter("jail.conf").find("inherit")
    assert set(found.inputs) >= {
        f"{etc}/jail.inherit.conf", f"{etc}/jail.conf.d/inherit.conf", main, web, f"{etc}/jail.conf.d",
        f"{etc}/jail.conf.d/../extra", f"{etc}/jail.conf.d/../extra/one", f"{etc}/jail.conf.d/../extra/one/x.conf",
    }, extra  # fmt: skip


def test_an_included_file_that_is_missing_is_an_input_and_broken_braces_are_no_trouble(host: Host) -> None:
    file = host.jail_conf('.include "missing.conf";\n')
    assert sources(file) == [file, f"{host.root}/etc/missing.conf"]
    file = host.jail_conf('.include "x.conf"; } }\n')
    assert sources(file) == [file]
    file = host.jail_conf('.include "jail.conf";\n')
    assert sources(file) == [file], "a file that includes itself"


def test_a_vnet_jail_is_not_settled_and_has_the_addresses_that_it_runs_with(host: Host) -> None:
    host.jail_conf(WEB)
    stopped = host.adapter("jail.conf").find("vn")
    assert (stopped.settled, stopped.addresses, stopped.vnet, stopped.interface) == (False, (), True, "bridge7")
    host.running({"vn": {"jid": "4", "vnet": "new", "path": "/jails/base"}})
    host.says("ifconfig", {"-j vn": "lo0: flags=8049\n\tinet 127.0.0.1 netmask 0xff000000\n"
                                    "epair9b: flags=8863\n\tether 02:00\n\tinet 10.77.0.2 netmask 0xffffff00\n"
                                    "\tinet6 fe80::1%epair9b prefixlen 64\n\tinet6 2001:db8::7 prefixlen 64\n"})  # fmt: skip
    running = with_running(host.settings, host.adapter("jail.conf").find("vn"))
    assert strings(running) == ["10.77.0.2", "2001:db8::7"]
    assert not running.settled


def test_inherited_addresses_are_shared_and_so_are_those_of_two_jails(host: Host) -> None:
    host.jail_conf(WEB + "a { ip4.addr = 10.0.0.1; }\nb { ip4.addr = em0|10.0.0.1/24; }\nc { ip4.addr = x; }\n")
    adapter = host.adapter("jail.conf")
    assert [adapter.find(name).shared for name in ("inherit", "a", "b", "web")] == [True, True, True, False]


def test_an_address_that_is_none_names_the_file(host: Host) -> None:
    file = host.jail_conf("c { ip4.addr = lo1|nonsense; }\n")
    with pytest.raises(ConfigError, match=r"'lo1\|nonsense' is not a jail's address") as caught:
        host.adapter("jail.conf").find("c")
    assert caught.value.problems[0].place.file == file


def test_the_hosts_loopback_and_link_local_addresses_are_left_out(host: Host) -> None:
    host.jail_conf("c { ip4.addr = 127.0.0.1, 10.0.0.3; ip6.addr = fe80::1%lo1, ::1, fd00::3; }\n")
    assert strings(host.adapter("jail.conf").find("c")) == ["10.0.0.3", "fd00::3"]


def test_files_are_taken_in_the_order_of_rc_d_jail(host: Host) -> None:
    host.jail_conf(
        "path = /main;\none { ip4.addr = 10.0.0.1; }\ntwo { ip4.addr = 10.0.0.1; }\nsix { ip4.addr = 10.0.0.6; }\n"
    )
    host.file("etc/jail.one.conf", "one { ip4.addr = 10.0.0.2; }\n")
    host.file("etc/jail.conf.d/one.conf", "one { ip4.addr = 10.0.0.3; }\n")
    host.file("etc/jail.conf.d/two.conf", "two { ip4.addr = 10.0.0.4; }\nignored { ip4.addr = 10.0.0.9; }\n")
    adapter = host.adapter("jail.conf")
    assert strings(adapter.find("one")) == ["10.0.0.2"]
    assert strings(adapter.find("two")) == ["10.0.0.4"]
    assert adapter.find("two").path == "", "jail.conf.d/two.conf is read alone"
    assert strings(adapter.find("six")) == ["10.0.0.6"]
    assert adapter.file_of("six").endswith("/jail.conf")
    assert adapter.find("seven") is None
    assert adapter.file_of("seven") == ""
    assert sorted(adapter.names()) == ["one", "six", "two"]


def test_dots_and_slashes_of_a_name_become_underscores(host: Host) -> None:
    host.file("etc/jail.www_example_org.conf", "www_example_org { ip4.addr = 10.0.0.2; }\n")
    found = host.adapter("jail.conf").find("www.example.org")
    assert (found.name, found.running_name, strings(found)) == ("www.example.org", "www_example_org", ["10.0.0.2"])


def test_without_any_file_nothing_is_known(host: Host) -> None:
    adapter = host.adapter("jail.conf")
    assert adapter.find("x") is None
    assert list(adapter.names()) == []
    with pytest.raises(ConfigError, match="no such file"):
        adapter.jails(f"{host.root}/etc/none.conf")


def test_what_jail_8_refuses_is_passed_on_in_its_own_words(host: Host) -> None:
    file = host.jail_conf("x {\n  ip4.addr = 10.0.0.1\n}\n")
    with pytest.raises(ConfigError, match=f"jail -f {file} -e .*: jail: {file} line 3: }}: syntax error"):
        host.adapter("jail.conf").find("x")


def test_include_on_13_2_comes_with_a_remedy(host: Host) -> None:
    host.program("jail", HERE / "jail.py", "-13")
    host.jail_conf(TRANSCRIPT % host.root + "x { }\n")
    with pytest.raises(ConfigError, match=r"unknown parameter: \.include; FreeBSD 13 does not support \.include"):
        host.adapter("jail.conf").find("x")


def test_a_jail_that_stands_twice_is_refused(host: Host) -> None:
    host.jail_conf("x { ip4.addr = 10.0.0.1; }\nx { ip4.addr = 10.0.0.2; }\n")
    with pytest.raises(ConfigError, match="the jail x is defined twice"):
        host.adapter("jail.conf").find("x")


def test_quotes_backslashes_newlines_and_commas_of_jail_8s_output_are_undone() -> None:
    line = 'name=x\x1fexec.start=""\x1fa="two words","it\'s",\'say "hi"\'\x1fb=back\\\\slash\x1fc'
    assert parse(line) == {
        "name": ("x",), "exec.start": ("",), "a": ("two words", "it's", 'say "hi"'), "b": ("back\\slash",), "c": (),
    }  # fmt: skip


def test_a_value_with_a_newline_in_it_does_not_begin_another_jail(host: Host) -> None:
    host.jail_conf('x {\n  exec.start = "one\ntwo";\n  ip4.addr = 10.0.0.1;\n}\ny { exec.start = "a\nb\nc"; }\n')
    adapter = host.adapter("jail.conf")
    assert list(adapter.names()) == ["x", "y"]
    assert adapter.jails(adapter.main)["y"]["exec.start"] == ("a\nb\nc",)


def test_the_bridge_of_a_vnet_jail_is_read_from_its_hooks() -> None:
    assert bridges("ifconfig epair create\nifconfig bridge0 addm epair0a") == ("bridge0",)
    assert bridges("jib addm -b lan web !em1") == ("lan",)
    assert bridges("jib addm web !em1; ifconfig bridge0 addm e0a") == ("em1bridge", "bridge0")
    assert bridges("ifconfig averyverylongbridgename addm x") == ()
    assert bridges("jng bridge web em0") == ()


def test_an_outline_knows_variables_statements_without_values_and_odd_characters() -> None:
    whole = outline('$x = \'a;b\'; ; é; vnet; path ${x}/y$x; * { z += "1", \\"2; = }')
    assert [(one.name, one.op, [value.text for value in one.values]) for one in whole.statements] == [
        ("$x", "=", ["a;b"]), ("é", "", []), ("vnet", "", []), ("path", "", ["${x}/y$x"]),
    ]  # fmt: skip
    assert [(one.name, one.op, [value.text for value in one.values]) for one in whole.blocks[0].statements] == [
        ("z", "+=", ["1", '"2'])
    ]
