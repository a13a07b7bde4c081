"""Moving a Mail Toaster host of eight jails in: what is let in before and after, asked of the simulated pf."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import toaster

from jailpf.pf.simulated import Simulated
from jailpf.pf.simulated.host.topology import Topology

if TYPE_CHECKING:
    from conftest import Run
    from stand_ins.host import Host

OUT, FRIEND, SPAMMER = "192.0.2.9", "198.51.100.7", "192.0.2.66"


ASKED = [
    *((OUT, port, "203.0.113.1") for port in (25, 80, 443, 465, 587, 993, 995, 110, 143, 2222, 22, 3306, 53, 783)),
    *((FRIEND, port, "203.0.113.1") for port in (110, 143, 993)),
    *((SPAMMER, port, "203.0.113.1") for port in (25, 80)),
    *(("2001:db8:5::9", port, "2001:db8::1") for port in (25, 80, 993, 110, 2222, 22)),
    *((toaster.both(jail)[0], 3306, toaster.both("mysql")[0]) for jail in ("webmail", "haraka", "git")),
    *((toaster.both(jail)[0], 783, toaster.both("spamassassin")[0]) for jail in ("haraka", "git")),
    *((toaster.both("haproxy")[number], 80, toaster.both("webmail")[number]) for number in (0, 1)),
]


def topology() -> Topology:
    """The host and its jails."""
    made = Topology()
    for jail in toaster.JAILS:
        made.add_jail(jail, toaster.both(jail))
    return made


def old(host: Host) -> Simulated:
    """pf as pfrule.sh loads it: tables into the main ruleset, each file into its own anchor."""
    pf = Simulated(main=toaster.PF_CONF, topology=topology())
    tables = ""
    for folder in sorted((host.root / "mail-toaster").glob("*/pf.conf.d")):
        for file in folder.glob("*.table"):
            tables += f"table <{file.stem}> persist {{ {' '.join(file.read_text().split())} }}\n"
    pf.set_main(toaster.PF_CONF.replace("binat-anchor", f"{tables}binat-anchor", 1))
    for file in sorted((host.root / "mail-toaster").glob("*/pf.conf.d/*.conf")):
        pf.load(f"{file.stem.replace('allow', 'filter')}/{file.parts[-3]}", file.read_text())
    return pf


def verdicts(pf: Simulated) -> dict[tuple[str, int, str], str]:
    """Who is let in where."""
    own = {address: jail for jail in toaster.JAILS for address in toaster.both(jail)}
    found = {}
    for source, port, to in ASKED:
        answer = pf.connect(
            "tcp", source, to, port, sender=f"jail:{own[source]}" if source in own else "outside", keep=False
        )
        found[source, port, to] = f"{answer.delivered_to}:{answer.port}" if answer else ""
    return found


def test_after_moving_in_the_same_people_get_in(host: Host, jailpf: Run) -> None:
    """Eight jails, by the folders that pfrule.sh reads: what is asked of pf before is answered the same after."""
    folders = toaster.made(host)
    before = verdicts(old(host))
    status, out, err = jailpf("import", "pfrule", *folders)
    # The page's general nat line beats the one that haraka brings, before and after.
    assert (status, out.count("lets in more"), err.count("overrides this nat rule")) == (1, 0, 1), out + err
    assert out.count(".toml\n") == len(toaster.JAILS)
    pf = Simulated(main=toaster.PF_CONF, topology=topology())
    for jail in toaster.JAILS:
        text = jailpf("render", jail)[1]
        for part in text.split("# ")[1:]:
            path, _, rules = part.partition("\n")
            pf.load(path, rules)
    after = verdicts(pf)
    gone = {asked for asked, answer in before.items() if after[asked] != answer}
    assert {before[asked] for asked in gone} == {"host:22"}
    # git.table named the host's addresses too, and so git's rule opened the host's own port 22.
    assert (
        "git: lets in less: anyone outside and the host and its jails: host on 203.0.113.1 and 2001:db8::1 tcp 22; the old"
        in out
    )


def test_what_moving_in_changes_is_said_in_words(host: Host, jailpf: Run) -> None:
    """Without `direct` a jail's own address is closed; rdr rules of all interfaces served the jails as well."""
    (folder,) = [one for one in toaster.made(host) if "/git/" in one]
    less = (
        "git: lets in less: the host and its jails: git on 203.0.113.1 and 2001:db8::1 tcp 2222, which is its port 22"
    )
    status, out, _ = jailpf("import", "-n", "pfrule", folder)
    assert (status, less in out, out.count("lets in")) == (0, True, 2)
    settings = host.root / "jailpf/jailpf.toml"
    settings.write_text(settings.read_text().replace("direct = true\n", ""))
    assert (
        "anyone outside and the host and its jails: git by its own address tcp 22"
        in jailpf("import", "-n", "pfrule", folder)[1]
    )


def test_rdr_pass_is_not_the_same_as_rdr_and_a_pass_rule(host: Host, jailpf: Run) -> None:
    """It went past every block of pf.conf, and its neighbours had to ask the host, also where `direct` is the rule."""
    toaster.made(host)
    folder = Path(
        host.file(
            "mail-toaster/git/pf.conf.d/rdr.conf",
            "rdr pass on em0 inet proto tcp to <ext_ip4> port 80 -> 172.16.15.31\n",
        )
    ).parent
    (folder / "allow.conf").unlink()
    (folder / "git.table").unlink()
    status, out, _ = jailpf("import", "-n", "pfrule", str(folder))
    assert status == 0
    assert "git: lets in less: those that pf.conf bans with `block quick`, which `rdr pass` ignored" in out
    assert "allow = {direct = false}" in out


def test_json_says_the_same(host: Host, jailpf: Run) -> None:
    """One object on standard output, also where nothing is found."""
    folders = toaster.made(host)
    status, out, _ = jailpf("import", "-n", "--json", "pfrule", *folders)
    found = {one["jail"]: one for one in json.loads(out)["jails"]}
    assert (status, set(found)) == (1, set(toaster.JAILS))
    assert "overrides this nat rule" in found["haraka"]["problems"][0]["message"]
    assert found["dns"]["changes"] == ["lets in the same"]
    assert found["dovecot"]["tables"][0]["text"] == "198.51.100.0/24\n"
    assert found["git"]["wider"] is False
    status, out, _ = jailpf("import", "--json", "pfrule", f"{host.root}/none")
    assert (status, json.loads(out)["errors"][0]["message"]) == (78, "no such folder")


PLAIN = """\
table <office> { 198.51.100.0/24 }
rdr on em0 inet proto tcp from any to 203.0.113.1 port { 80 443 } -> 172.16.15.29
rdr on em0 inet proto tcp from any to 203.0.113.1 port 25 -> 172.16.15.15
block in
pass in quick on em0 inet proto tcp from any to 172.16.15.29 port { 80 443 }
pass in quick on em0 inet proto tcp from any to 172.16.15.15 port 25
pass in quick inet proto tcp from <office> to { 172.16.15.15 172.16.15.29 } port 2222
pass in quick on em0 proto tcp from any to 203.0.113.1 port 22
"""


def test_a_plain_pf_conf_is_split_and_lets_in_the_same(host: Host, jailpf: Run) -> None:
    """The whole file before; afterwards what is left of it, with the anchors and what was imported."""
    settings = host.root / "jailpf/jailpf.toml"
    settings.write_text(f"direct = true\n{settings.read_text()}")
    status, out, err = jailpf("import", "pf.conf", host.file("plain.conf", PLAIN))
    assert (status, err.count("lets in the same"), err.count("wrote ")) == (0, 2, 2)
    first, _, left = out.partition("\n")
    assert first.startswith("# the new pf.conf")  # alone on stdout, to be saved
    assert "172.16.15" not in left
    assert (
        json.loads(jailpf("import", "--json", "-n", "pf.conf", f"{host.root}/plain.conf")[1] or "{}").get("left")
        == left
    )
    topology = Topology()
    for name, address in (("web", "172.16.15.29"), ("mail", "172.16.15.15")):
        topology.add_jail(name, [address])
    old, new = (Simulated(main=text, topology=topology) for text in (PLAIN, left))
    for jail in ("web", "mail"):
        new.load(f"jailpf/{jail}", jailpf("render", jail)[1])
    for source in (OUT, FRIEND):
        for port in (22, 25, 80, 443, 2222):
            for to in ("203.0.113.1", "172.16.15.29", "172.16.15.15"):
                answers = [
                    (one.delivered_to, bool(one))
                    for one in (pf.connect("tcp", source, to, port, keep=False) for pf in (old, new))
                ]
                assert answers[0] == answers[1], (source, port, to)
