"""The hook lines of what jailpf replaces: attach takes them out, detach puts them back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import toaster

if TYPE_CHECKING:
    from conftest import Run
    from stand_ins.host import Host


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
