"""Moving a Mail Toaster host of eight jails in: what is let in before and after, asked of the simulated pf."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
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


@pytest.mark.parametrize("verb", ["attach", "detach"])
def test_attach_and_detach_have_json(host: Host, jailpf: Run, verb: str) -> None:
    """The diff, and what was done."""
    jailpf("new", "web")
    jailpf("attach", *(["mail"] if verb == "attach" else ["web"]))
    (one,) = json.loads(jailpf(verb, "--json", "-n", "web")[1])["jails"]
    assert (one["jail"], one["changed"], one["declared"]) == ("web", True, True) if verb == "attach" else one["changed"]
    assert "exec." in one["diff"]
    status, out, _ = jailpf(verb, "--json", "nosuch")
    assert (status, bool(json.loads(out)["errors"])) == (66, True)


@pytest.mark.parametrize(
    ("block", "declared"),
    [
        ("block in quick from <t> to 172.16.15.29\n", {"t": {"from": "<t>"}}),
        ("block return in log quick inet proto tcp to 172.16.15.29 port 25\n", {"blocked": {"from": "any", "proto": "tcp", "port": 25, "log": True, "return": True}}),
        ("block out quick inet from 172.16.15.29 to 10.0.0.0/8\n", {"blocked": {"to": "10.0.0.0/8"}}),
    ],
)  # fmt: skip
def test_a_block_becomes_a_deny(host: Host, jailpf: Run, block: str, declared: dict[str, object]) -> None:
    """Of whoever comes, or of what the jail sends; above what is let in, as `quick` was."""
    host.file("data/web/etc/pf.conf.d/web.table", "172.16.15.29\n")
    host.file("data/web/etc/pf.conf.d/t.table", "192.0.2.0/24\n")
    host.file(
        "data/web/etc/pf.conf.d/filter.conf", block + "pass in quick inet proto tcp to 172.16.15.29 port { 25 80 }\n"
    )
    settings = host.root / "jailpf/jailpf.toml"
    settings.write_text(f"direct = true\n{settings.read_text()}")
    status, out, err = jailpf("import", "pfrule", f"{host.root}/data/web/etc/pf.conf.d")
    assert (status, out.endswith("web: lets in the same\n")) == (0, True), out + err
    assert tomllib.loads((host.root / "jailpf/jails/web.toml").read_text())["deny"] == declared


def test_a_policy_that_rules_make_exceptions_of_is_no_deny(host: Host, jailpf: Run) -> None:
    """`block` without quick, and a pass behind it: a deny would shut out everybody. The last of the rules is one."""
    lines = "block in proto tcp to 172.16.15.29\npass in proto tcp to 172.16.15.29 port 80\nblock in from 192.0.2.1 to 172.16.15.29\n"
    host.file("data/web/etc/pf.conf.d/filter.conf", lines)
    status, out, err = jailpf("import", "-n", "pfrule", f"{host.root}/data/web/etc/pf.conf.d")
    assert status == 1
    assert "filter.conf:1:1: a block without `quick` is a policy" in err
    assert out.count("[deny.") == 1
    assert "lets in more, as pf.conf lets in what no rule blocks: anyone outside" in out


def test_states_of_their_own_are_kept(host: Host, jailpf: Run) -> None:
    """modulate, sloppy; `flags S/SA` is what pf does anyway."""
    lines = "".join(
        f"pass in quick inet proto tcp to 172.16.15.29 port {port} {state}\n"
        for port, state in ((25, "flags S/SA modulate state"), (80, "keep state (sloppy)"))
    )
    host.file("data/web/etc/pf.conf.d/filter.conf", lines)
    status, out, err = jailpf("import", "-n", "pfrule", f"{host.root}/data/web/etc/pf.conf.d")
    assert status == 0, out + err
    assert [out.count(f'state = "{state}"') for state in ("modulate", "sloppy")] == [1, 1]


def test_two_jails_on_one_port_are_told_once(host: Host, jailpf: Run) -> None:
    """The first is written; the second is what check would refuse, and is not."""
    folders = []
    for jail, number in (("web", 29), ("mail", 15)):
        text = f"rdr on em0 inet proto tcp to 203.0.113.1 port 80 -> 172.16.15.{number}\n"
        folders.append(str(Path(host.file(f"data/{jail}/etc/pf.conf.d/rdr.conf", text)).parent))
    status, out, err = jailpf("import", "pfrule", *folders)
    assert status == 1
    assert len([line for line in err.splitlines() if "claims tcp port 80" in line]) == 1
    assert "mail: `jailpf check` would refuse this, so no file was written" in out
    assert [path.name for path in (host.root / "jailpf/jails").iterdir()] == ["web.toml"]
    assert jailpf("check", "web")[0] in (0, 1)


def hooks_of(host: Host, jail: str) -> list[str]:
    """What jail(8) runs for a jail, the words behind the program."""
    (adapter,) = [one for one in host.adapters if one.name == "jail.conf"]
    known = adapter.jails(adapter.main)[jail]
    return [
        f"{name}: {value.rpartition('/')[2]}"
        for name, values in known.items()
        if name.startswith("exec.")
        for value in values
    ]


def test_attach_takes_pfrules_lines_out_and_detach_puts_them_back(host: Host, jailpf: Run) -> None:
    """Of every declared jail, shown first; jail.conf ends as it began."""
    folders = toaster.made(host)
    jailpf("import", "pfrule", *folders[:-1])
    file = Path(host.managers["jail_conf"]["file"])
    before = file.read_bytes()
    shown = jailpf("attach", "-n", "--all")[1]
    assert file.read_bytes() == before
    assert '-\texec.created = "/etc/mail-toaster/pfrule.sh load dns";' in shown
    assert 'pfrule.sh load dns"; would be commented out; detach restores it' in shown
    status, out, _ = jailpf("attach", "--all")
    assert (status, out.count(" is commented out; detach restores it")) == (1, 14)  # haraka's nat is beaten
    assert not [one for one in hooks_of(host, "dns") if "pfrule" in one]
    assert [one for one in hooks_of(host, "spamassassin") if "pfrule" in one]
    assert "already attached" in jailpf("attach", "dns")[1]
    status, out, _ = jailpf("attach", "spamassassin")
    assert "stays as long as nothing is declared for spamassassin" in out
    assert jailpf("detach", "--all")[0] == 0
    assert file.read_bytes() == before


def test_keep_leaves_them(host: Host, jailpf: Run) -> None:
    """Both run, and a later attach takes them out."""
    folders = toaster.made(host)
    jailpf("import", "pfrule", folders[0])
    out = jailpf("attach", "--keep", "dns")[1]
    assert 'pfrule.sh load dns"; stays' in out
    assert [one for one in hooks_of(host, "dns") if "pfrule" in one]
    assert "is commented out" in jailpf("attach", "dns")[1]
    assert not [one for one in hooks_of(host, "dns") if "pfrule" in one]


def test_hooks_of_the_whole_file_stay_away_where_pfrules_line_kept_them(host: Host, jailpf: Run) -> None:
    """`=` drops what stands above; without it another command would run for the jail."""
    host.jail_conf('exec.created += "/bin/above";\n' + toaster.block("dns", toaster.hooks("dns")))
    host.file("jailpf/jails/dns.toml", "[service.dns]\nport = 53\n")
    file = Path(host.managers["jail_conf"]["file"])
    before = file.read_bytes()
    assert jailpf("attach", "dns")[0] == 0
    assert not [one for one in hooks_of(host, "dns") if "above" in one or "pfrule" in one]
    assert jailpf("detach", "dns")[0] == 0
    assert file.read_bytes() == before


def test_an_edit_of_the_file_does_not_lose_what_detach_puts_back(host: Host, jailpf: Run) -> None:
    """It stands in the block as a comment."""
    toaster.made(host)
    host.file("jailpf/jails/dns.toml", "[service.dns]\nport = 53\n")
    jailpf("attach", "dns")
    file = Path(host.managers["jail_conf"]["file"])
    file.write_text(file.read_text().replace("exec.clean;", "exec.clean;\n\tallow.raw_sockets;", 1))
    jailpf("detach", "dns")
    assert [one for one in hooks_of(host, "dns") if "pfrule" in one] == [
        "exec.created: pfrule.sh load dns",
        "exec.poststop: pfrule.sh unload dns",
    ]


def test_hooks_for_another_pf_are_found(host: Host, jailpf: Run) -> None:
    """Lines with `--pf simulated` drive no kernel: attach writes them anew, and says what was wrong."""
    host.file("jailpf/jails/web.toml", "[service.http]\nport = 80\n")
    jailpf("attach", "web")
    file = Path(host.managers["jail_conf"]["file"])
    file.write_text(file.read_text().replace(" created $name", " --pf simulated created $name"))
    from jailpf.managers.attach import attach

    (found,) = attach(host.adapters, ["web"], dry_run=True)
    assert (found.changed, found.wrong) == (
        True,
        ("`jailpf created web` is called with --pf simulated, and no rule reaches pf",),
    )


def test_a_file_of_the_jails_own_gives_its_pfctl_lines_up_as_well(host: Host, jailpf: Run) -> None:
    """Bastille's jail.conf with rules by hand: taken out beside the include, put back by detach."""
    text = 'shop {\n  ip4.addr = bastille0|10.17.89.5;\n  exec.created += "pfctl -a rdr/shop -f /root/shop.conf";\n}\n'
    host.bastille({"shop": text})
    settings = host.root / "jailpf/jailpf.toml"
    settings.write_text(
        settings.read_text().replace(
            "[managers.", f'[managers.bastille]\nconf = "{host.root}/bastille/bastille.conf"\n[managers.', 1
        )
    )
    host.file("jailpf/jails/shop.toml", "[service.http]\nport = 80\n")
    out = jailpf("attach", "shop")[1]
    file = host.root / "bastille/jails/shop/jail.conf"
    assert 'pfctl -a rdr/shop -f /root/shop.conf"; is commented out' in out
    assert '/* jailpf replaces: exec.created += "pfctl -a rdr/shop' in file.read_text()
    assert jailpf("detach", "shop")[0] == 0
    assert file.read_text() == text


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
    assert (status, err, out.count("lets in the same")) == (0, "", 2)
    left = out.partition("of the jails above is in it\n")[2]
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
