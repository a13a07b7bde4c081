"""`jailpf import`: both sides are the same rules, and nothing is dropped in silence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run
    from stand_ins.host import Host

RDR = "rdr on em0 inet proto tcp from any to 203.0.113.1 port 8080 -> 172.16.15.29 port 80\n"
ALLOW = "pass in quick inet proto tcp from any to 172.16.15.29 port 80\n"


@pytest.fixture(autouse=True)
def direct(host: Host) -> None:
    """As Mail Toaster's rules: who reaches a jail's address is let in."""
    settings = host.root / "jailpf/jailpf.toml"
    settings.write_text(f"direct = true\n{settings.read_text()}")


def folder(host: Host, rdr: str = RDR, allow: str = ALLOW) -> str:
    """The pf.conf.d of the jail web."""
    host.file("data/web/etc/pf.conf.d/rdr.conf", rdr)
    return str(Path(host.file("data/web/etc/pf.conf.d/allow.conf", allow)).parent)


def test_rules_become_a_declaration_that_says_the_same(host: Host, jailpf: Run) -> None:
    """The file is written, sound, and renders to the rules that it was made of."""
    status, out, err = jailpf("import", "pfrule", folder(host))
    assert (status, err) == (0, "")
    assert out.endswith("web: lets in the same\n")
    assert jailpf("check", "web")[0] == 0
    assert "port 8080" in jailpf("render", "web")[1]


def test_n_prints_and_writes_nothing(host: Host, jailpf: Run) -> None:
    """On either side of the folder."""
    where = folder(host)
    for words in (("-n", "pfrule", where), ("pfrule", "-n", where), ("pfrule", where, "-n")):
        status, out, _ = jailpf("import", *words)
        assert status == 0
        assert "[service.http" in out
        assert not list((host.root / "jailpf/jails").iterdir())


def test_what_cannot_be_expressed_is_reported_and_kept(host: Host, jailpf: Run) -> None:
    """With file and line, status 1, and as a comment in the declaration."""
    lost = "pass in quick inet proto tcp from any to 172.16.15.29 port 25 user www\n"
    status, _, err = jailpf("import", "pfrule", folder(host, allow=ALLOW + lost))
    assert status == 1
    assert "allow.conf:2" in err
    assert "user www" in (host.root / "jailpf/jails/web.toml").read_text()


def test_an_existing_declaration_is_never_overwritten(host: Host, jailpf: Run) -> None:
    """78, and the file stays."""
    file = Path(host.file("jailpf/jails/web.toml", "# mine\n"))
    assert jailpf("import", "pfrule", folder(host))[0] == 78
    assert file.read_text() == "# mine\n"


def test_nothing_to_import_is_said(jailpf: Run, tmp_path: Path) -> None:
    """No Bastille here, no folder there."""
    assert jailpf("import", "bastille")[0] == 66
    assert jailpf("import", "pfrule")[0] == 64
    assert jailpf("import", "pfrule", str(tmp_path / "none"))[0] == 78


def test_iocages_forwards_have_the_jails_port_first(host: Host, jailpf: Run) -> None:
    """nat_forwards tcp(80:8080): 8080 outside."""
    host.iocage({"shop": {"nat": 1, "nat_forwards": "tcp(80:8080)", "ip4_addr": "10.0.0.9"}})
    settings = host.root / "jailpf/jailpf.toml"
    settings.write_text(
        settings.read_text().replace("[managers.", f'[managers.iocage]\nroot = "{host.root}/iocage"\n[managers.')
    )
    status, out, _ = jailpf("import", "-n", "iocage")
    assert "port = 80" in out
    assert "8080" in out
    assert status in (0, 1)
    assert json.loads((host.root / "iocage/jails/shop/config.json").read_text())["nat"] == 1


def test_an_empty_result_writes_no_file(host: Host, jailpf: Run) -> None:
    """A folder without rules is an error; one whose rules are all beyond a declaration leaves only the reasons."""
    (host.root / "data/web/etc/pf.conf.d").mkdir(parents=True)
    status, out, err = jailpf("import", "pfrule", str(host.root / "data/web/etc/pf.conf.d"))
    assert (status, out) == (78, "")
    assert "has no rules, so nothing was written" in err
    assert "no such folder" in jailpf("import", "pfrule", str(host.root / "nowhere"))[2]
    status, out, err = jailpf("import", "pfrule", folder(host, rdr="scrub in all\n", allow=""))
    assert status == 1
    assert out == "web: none of it can be declared, so no file was written\n"
    assert err
    assert not list((host.root / "jailpf/jails").iterdir())


def test_a_rule_that_stands_twice_is_declared_once(host: Host, jailpf: Run) -> None:
    """It lets in the same."""
    status, out, err = jailpf("import", "-n", "pfrule", folder(host, rdr=RDR + RDR, allow=ALLOW + "\n" + ALLOW))
    assert (status, err) == (0, "")
    assert out.count("[service.") == 1
    assert "web: lets in the same" in out


def test_the_folder_of_a_jail_is_answered_with_the_one_in_it(host: Host, jailpf: Run) -> None:
    """Whoever names DATA/JAIL is shown where its rules are."""
    where = folder(host)
    status, _, err = jailpf("import", "-n", "pfrule", str(host.root / "data/web"))
    assert status == 78
    assert err.rstrip().endswith(f"name {where}")


@pytest.mark.parametrize(
    "filters",
    [
        "block in quick from <spam> to 172.16.15.29\n",
        "pass in quick inet proto tcp from ! <spam> to 172.16.15.29 port 22\n",
    ],
)
def test_a_table_that_keeps_somebody_out_is_never_made_empty(host: Host, jailpf: Run, filters: str) -> None:
    """Without its file nobody knows whom; one that lets somebody in begins empty, and lets in nobody."""
    where = folder(host, allow='table <spam> persist file "spam"\n' + filters + ALLOW)
    status, out, err = jailpf("import", "pfrule", where)
    assert status == 1
    assert "allow.conf:1:22: " in err
    assert "<spam> keeps somebody out" in err
    assert out.endswith("web: no file was written\n")
    assert not list((host.root / "jailpf/jails").iterdir())
    Path(where, "spam").write_text("192.0.2.9\n")
    assert jailpf("import", "pfrule", where)[0] == 0


def test_a_nat_that_pf_conf_beats_is_told_before_the_jail_starts(host: Host, jailpf: Run) -> None:
    """import, check, attach and load say it with one remedy that helps; then nothing is wrong."""
    anchors = 'nat-anchor "jailpf/*"\nrdr-anchor "jailpf/*"\nblock in\nanchor "jailpf/*"\n'
    main = Path(host.file("pf.conf", f"nat on em0 inet from 172.16.0.0/12 to any -> (em0)\n{anchors}"))
    settings = host.root / "jailpf/jailpf.toml"
    settings.write_text(f'main = "{main}"\n{settings.read_text()}')
    where = folder(host)
    Path(where, "nat.conf").write_text("nat on em0 inet from 172.16.15.29 to any -> 203.0.113.7\n")
    status, _, err = jailpf("import", "-n", "pfrule", where)
    assert status == 1
    assert "overrides this nat rule" in err
    assert jailpf("import", "pfrule", where)[0] == 1
    status, _, err = jailpf("check")
    assert status == 69
    remedy = "`table <natted> { 172.16.0.0/12 !172.16.15.29 }` and `from <natted>` in that line"
    assert remedy in err
    assert "[nat.out] from its file" in err
    for words in (("attach", "-n", "web"), ("attach", "web")):
        status, _, err = jailpf(*words)
        assert status == 1
        assert "the next start of web will be refused: " in err
    assert jailpf("load", "web")[0] == 69
    assert "web" not in jailpf("status", "--json")[1].partition('"anchors"')[2]
    main.write_text(
        "table <natted> { 172.16.0.0/12 !172.16.15.29 }\nnat on em0 inet from <natted> to any -> (em0)\n" + anchors
    )
    assert (jailpf("check")[0], jailpf("attach", "web")[0], jailpf("load", "web")[0]) == (0, 0, 0)


def test_a_nat_with_a_port_and_no_protocol_is_of_tcp_and_udp(host: Host, jailpf: Run) -> None:
    """pfctl takes it; what became of it is told with the line that it came from."""
    where = folder(host)
    Path(where, "nat.conf").write_text("# mail\nnat on em0 inet from 172.16.15.29 to any port smtp -> 203.0.113.7\n")
    status, _, err = jailpf("import", "pfrule", where)
    assert status == 0, err
    assert "nat.conf:2:1: its port without a protocol became tcp and udp" in err
    assert jailpf("check", "web")[0] == 0


def test_a_target_port_makes_no_difference_where_it_is_the_same(host: Host, jailpf: Run) -> None:
    """`port 81 -> ... port 81` and `port 81 -> ...` are one rule."""
    rdr = RDR.replace("port 8080", "port 80")
    for passes in ("rdr", "rdr pass"):
        (host.root / "jailpf/jails/web.toml").unlink(missing_ok=True)
        status, out, _ = jailpf("import", "pfrule", folder(host, rdr=rdr.replace("rdr", passes)))
        assert "lets in more" not in out
        assert "on any" not in out.partition("lets in less")[2]
        assert status == 0 or passes != "rdr"
