"""`jailpf doctor` on hosts with jail managers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Run
    from stand_ins.host import Host

WEB = "[service.http]\nport = 80\n"


def found(host: Host, jailpf: Run) -> list[dict[str, str]]:
    """What doctor finds with the real pf's settings, "fine" left out; there is no pfctl here."""
    settings = host.root / "jailpf/jailpf.toml"
    settings.write_text(settings.read_text().replace('pf = "simulated"\n', ""))
    return [one for one in json.loads(jailpf("doctor", "--json")[1])["findings"] if one["level"] != "fine"]


def test_a_jail_whose_hooks_do_not_call_jailpf_is_found(host: Host, jailpf: Run) -> None:
    """And `jailpf attach` mends it."""
    host.file("jailpf/jails/web.toml", WEB)
    assert "jailpf attach web" in [one["mend"] for one in found(host, jailpf)]
    jailpf("attach", "web")
    assert "jailpf attach web" not in [one["mend"] for one in found(host, jailpf)]


def test_hook_lines_that_an_upgrade_would_kill_or_has_killed_are_found(host: Host, jailpf: Run) -> None:
    """Those of earlier versions name a Python and a file of its: warned of while they are there, an error when they are gone."""
    python, main = (host.file(f"local/{name}", "") for name in ("bin/python3.11", "lib/python3.11/jailpf/__main__.py"))
    verbs = (("prepare", "prestart"), ("created", "created"), ("poststop", "poststop"))
    lines = "".join(f'\texec.{hook} += "{python} -IS {main} {verb} $name";\n' for hook, verb in verbs)
    host.jail_conf(f"web {{\n\tip4.addr = 172.16.15.29;\n{lines}}}\n")
    host.file("jailpf/jails/web.toml", WEB)

    def told() -> list[tuple[str, str]]:
        return [
            (one["level"], one["what"].split(" in ")[1]) for one in found(host, jailpf) if "hook lines" in one["what"]
        ]

    file = host.root / "etc/jail.conf"
    assert told() == [("warning", f"{file} name {python}")]
    Path(main).unlink()
    assert told() == [("error", f"{file} run {main}, which does not exist")]
    jailpf("attach", "web")
    assert told() == []


def test_hook_lines_for_another_settings_file_are_found(host: Host, jailpf: Run) -> None:
    """Not as an older form: the rules of that file are loaded, and both remedies are named."""
    host.file("jailpf/jails/web.toml", WEB)
    jailpf("attach", "web")
    conf, settings = host.root / "etc/jail.conf", host.root / "jailpf/jailpf.toml"
    conf.write_text(conf.read_text().replace(f"-c {settings} ", "-c /usr/local/etc/other.toml "))
    (one,) = (one for one in found(host, jailpf) if "hook lines" in one["what"])
    assert one["what"].endswith("name another settings file, /usr/local/etc/other.toml")
    assert one["mend"] == (
        f"jailpf -c {settings} attach web; or, if that file counts, jailpf -c /usr/local/etc/other.toml doctor"
    )


def test_a_declaration_without_a_jail_is_found(host: Host, jailpf: Run) -> None:
    """Its file does nothing."""
    host.file("jailpf/jails/ghost.toml", WEB + '[jail]\nip4 = "10.0.0.1"\n')
    assert any("no jail manager knows it" in one["what"] for one in found(host, jailpf))


def test_a_hook_that_calls_pfrule_in_the_jails_folder_is_found(host: Host, jailpf: Run) -> None:
    """With the line."""
    host.jail_conf('web {\n\tip4.addr = 172.16.15.29;\n\texec.created = "/data/web/etc/pf.conf.d/pfrule.sh load";\n}\n')
    host.file("jailpf/jails/web.toml", WEB)
    assert any("jail.conf:3: a hook calls" in one["what"] for one in found(host, jailpf))
    jailpf("attach", "web")
    assert not any("a hook calls" in one["what"] for one in found(host, jailpf))


def test_iocages_pf_back_end_is_found(host: Host, jailpf: Run) -> None:
    """peers.md: it replaces the main ruleset."""
    host.iocage({"shop": {"nat": 1, "ip4_addr": "10.0.0.9"}}, {"nat_backend": "pf"})
    settings = host.root / "jailpf/jailpf.toml"
    settings.write_text(
        settings.read_text().replace("[managers.", f'[managers.iocage]\nroot = "{host.root}/iocage"\n[managers.')
    )
    assert any("nat_backend=pf" in one["what"] for one in found(host, jailpf))


def test_what_cannot_be_asked_is_a_finding_and_not_the_end(host: Host, jailpf: Run) -> None:
    """No pfctl: pf cannot be looked at, the declarations can."""
    host.file("jailpf/jails/web.toml", "[service.http]\nprot = 80\n")
    what = [one["what"] for one in found(host, jailpf)]
    assert any("pfctl" in one for one in what)
    assert any("web.toml:2:1" in one for one in what)


def test_a_jail_of_two_managers_is_found(host: Host, jailpf: Run) -> None:
    """The first of `adapters` answers."""
    host.bastille({"web": "web {\n  ip4.addr = em0|10.0.0.7;\n}\n"})
    settings = host.root / "jailpf/jailpf.toml"
    settings.write_text(
        settings.read_text().replace(
            "[managers.", f'[managers.bastille]\nconf = "{host.root}/bastille/bastille.conf"\n[managers.'
        )
    )
    assert any("both have a jail web" in one["what"] for one in found(host, jailpf))


def test_a_drop_in_that_was_replaced_is_told_by_its_content(host: Host, jailpf: Run) -> None:
    """Mail Toaster's provisioning puts its own script back; the one with jailpf behind it is no finding."""
    script = host.root / "mail-toaster/pfrule.sh"
    host.jail_conf(f'web {{\n\tip4.addr = 172.16.15.29;\n\texec.created = "{script} load web";\n}}\n')
    host.file("jailpf/jails/web.toml", WEB)
    host.file("mail-toaster/pfrule.sh", (Path(__file__).parents[2] / "contrib/pfrule/pfrule.sh").read_text())
    assert not any("which is not part of jailpf" in one["what"] for one in found(host, jailpf))
    host.file("mail-toaster/pfrule.sh", "#!/bin/sh\npfctl -a rdr/$2 -f rdr.conf\n")
    (said,) = [one for one in found(host, jailpf) if "which is not part of jailpf" in one["what"]]
    assert (said["what"].partition(":")[0], said["mend"]) == (
        f"{host.root}/etc/jail.conf",
        "jailpf attach JAIL comments the line out",
    )


def test_a_provisioning_that_writes_the_jails_file_anew_is_found(host: Host, jailpf: Run) -> None:
    """`=` drops what attach wrote: doctor says that nothing calls jailpf, and attach does it again."""
    block = 'web {\n\tip4.addr = 172.16.15.29;\n\texec.created = "/etc/mail-toaster/pfrule.sh load web";\n}\n'
    host.jail_conf(block)
    host.file("jailpf/jails/web.toml", WEB)
    jailpf("attach", "web")
    assert "jailpf attach web" not in [one["mend"] for one in found(host, jailpf)]
    host.jail_conf(block)
    assert "jailpf attach web" in [one["mend"] for one in found(host, jailpf)]
    assert 'pfrule.sh load web"; is commented out' in jailpf("attach", "web")[1]
    assert "jailpf attach web" not in [one["mend"] for one in found(host, jailpf)]
