"""`jailpf import pf.conf`: the new file and the declarations let in nobody whom the old file did not, and say who loses what."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest

from jailpf.cli import main
from jailpf.insight.boxes import missing
from jailpf.insight.changes import protocols
from jailpf.insight.moved import connections
from jailpf.pf.simulated import Simulated, Topology

if TYPE_CHECKING:
    from conftest import Run
    from stand_ins.host import Host

JAILS = {"web": ["172.16.15.29"], "mail": ["172.16.15.15"]}
RDR = "rdr on em0 inet proto tcp from any to 203.0.113.1 port 80 -> 172.16.15.29\n"
PASS = "pass in on em0 inet proto tcp from any to 172.16.15.29 port 80\n"
QUICK = PASS.replace("in on", "in quick on")
BAD = "from 192.0.2.0/24"


@pytest.fixture(autouse=True)
def direct(host: Host) -> None:
    """As most files do: who reaches a jail's address is let in."""
    settings = host.root / "jailpf/jailpf.toml"
    settings.write_text(f"direct = true\n{settings.read_text()}")


def moved_in(host: Host, jailpf: Run, text: str) -> tuple[str, str, str]:
    """Import a file, and hold that nobody gains; (the new file, what was said, who loses)."""
    _, out, err = jailpf("import", "pf.conf", host.file("old.conf", text))
    new = out.partition("\n")[2]
    topology = Topology()
    for jail, addresses in JAILS.items():
        topology.add_jail(jail, addresses)
    was, now = Simulated(main=text, topology=topology), Simulated(main=new, topology=topology)
    for file in (host.root / "jailpf/jails").glob("*.toml"):
        now.load(f"jailpf/{file.stem}", jailpf("render", file.stem)[1])
    had, has = (list(connections(pf, topology)) for pf in (was, now))
    assert missing(has, had, protocols(was)) == [], err
    lost = missing(had, has, protocols(now))
    return new, out + err, " ".join(f"{one.delivered_to}:{one.ports}" for one in lost)


@pytest.mark.parametrize(
    ("rules", "stays"),
    [
        (
            f"block in\n{PASS}block in {BAD}\npass out\n",
            "old.conf:3:1: stays in the file: line 4 may make exceptions of it",
        ),
        (f'block in\n{PASS}anchor "mine/*"\npass out\n', "line 4 calls an anchor that may make exceptions"),
        (f"block in quick {BAD}\n{PASS}pass out\n", ""),
        (f'{PASS}block in quick {BAD}\nanchor "f2b/*"\npass out\n', "line 3 may make exceptions"),
        (f"{QUICK}block in quick {BAD}\nblock in\npass out\n", ""),
        (f"block in quick on em0 proto udp\n{PASS}block in on em0 proto udp\npass out\n", ""),
        (f'block in\nanchor "web" on em1 {{\n  {QUICK}}}\npass out\n', "within the braces of an anchor"),
        ("block in\npass in quick on em0 tagged WEB\npass out\n", ""),
        (
            f"{PASS}block in {BAD} to 172.16.15.29\npass in on em0 proto tcp {BAD} to 172.16.15.29 port 80\npass out\n",
            "line 3",
        ),
    ],
)
def test_a_rule_whose_exceptions_stay_stays(host: Host, jailpf: Run, rules: str, stays: str) -> None:
    """In its anchor it would be quick, and come before them; the line that calls it stands where nobody gains."""
    rdr = RDR.replace("->", "tag WEB ->") if "tagged" in rules else RDR
    new, said, lost = moved_in(host, jailpf, rdr + rules)
    assert stays in said
    assert ("stays in the file" in said) is bool(stays)
    assert lost == ""
    assert ("172.16.15.29" in new) is bool(stays)


@pytest.mark.parametrize(
    ("rules", "stays"),
    [
        (f"{RDR}rdr on em0 inet proto tcp {BAD} to 203.0.113.1 port 80 -> 172.16.15.15\n", 1),
        (f"{RDR}no rdr on em0 inet proto tcp {BAD} to any\n", 1),
        (f"no rdr on em0 inet proto tcp {BAD} to any\n{RDR}", 0),
        (f"nat on em0 inet from 172.16.15.29 to any -> 203.0.113.9\nnat on em0 inet from 172.16.0.0/16 to any -> (em0)\n{RDR}", 1),
        (f"nat on em0 inet from 172.16.15.29 to any -> 203.0.113.9\nnat on em0 inet from 10.0.0.0/8 to any -> (em0)\n{RDR}", 0),
        (f"no nat on em0 inet from 172.16.0.0/16 to 172.16.0.0/16\nbinat on em0 from 172.16.15.29 to any -> 203.0.113.9\n{RDR}", 0),
    ],
)  # fmt: skip
def test_a_translation_that_one_of_the_file_would_beat_stays(host: Host, jailpf: Run, rules: str, stays: int) -> None:
    """On 15 what stays in pf.conf comes before every anchor, wherever it stands."""
    _, said, _ = moved_in(host, jailpf, f"{rules}block in\n{QUICK}pass out\n")
    assert said.count("stays in the file") == stays


def test_where_only_what_comes_from_outside_was_let_in_it_stays_so(host: Host, jailpf: Run) -> None:
    """`pass in` under a `block all` lets in no neighbour: he does not get out."""
    moved_in(host, jailpf, RDR + "block all\npass in quick inet proto tcp to 172.16.15.29 port 80\n")
    service = tomllib.loads((host.root / "jailpf/jails/web.toml").read_text())["service"]["http"]
    assert service["allow"] == {"on": "em0"}


def test_rules_of_an_included_file_are_told(host: Host, jailpf: Run) -> None:
    """They stay where they are, and count as what stays."""
    more = host.file("more.conf", f"block in {BAD}\n{QUICK}")
    new, said, _ = moved_in(host, jailpf, f'{RDR}block in\n{PASS}include "{more}"\npass out\n')
    assert "more.conf:2:1: stays in the file: it is in a file that" in said
    assert "old.conf:3:1: stays in the file: line 4 may make exceptions of it" in said
    assert PASS in new


def test_lists_over_several_lines_and_lists_of_lists(host: Host, jailpf: Run) -> None:
    """As pfctl reads them: no backslash is needed within braces, and a macro's list may stand in another."""
    text = (
        'web = "{ 172.16.15.29 }"\ntable <ours> { $web # one\n  # mail\n  172.16.15.15 }\n'
        + RDR.replace("port 80", "port { 80\n 443 }")
        + "block in\npass in quick on em0 inet proto tcp to <ours> port { 80\n 443 }\npass out\n"
    )
    new, said, lost = moved_in(host, jailpf, text)
    assert (lost, "stays" in said.partition("\n#")[0]) == ("", False)
    assert new.startswith('web = "{ 172.16.15.29 }"\ntable <ours> { $web # one\n  # mail\n  172.16.15.15 }\nnat-anchor')
    assert "443" not in new


def test_a_file_that_pf_refuses_is_said_to_be_refused(host: Host, jailpf: Run) -> None:
    """Once, with its line; what it let in nobody can tell."""
    status, _, err = jailpf("import", "pf.conf", host.file("old.conf", f"{RDR}block in\n{QUICK}pass out to port 25\n"))
    assert (status, "could not be compared" in err) == (1, True)
    assert "old.conf:4: pf refuses the file, so nothing can be compared" in err


def test_a_second_rdr_of_the_same_is_dropped(host: Host, jailpf: Run) -> None:
    """The first comes first wherever it leads; two jails would claim one port."""
    other = RDR.replace("172.16.15.29", "172.16.15.15")
    new, said, lost = moved_in(
        host, jailpf, RDR + RDR + other + f"block in\n{QUICK}{QUICK.replace('.29', '.15')}pass out\n"
    )
    assert (said.count("line 1 redirects the same first"), lost, "172.16" in new) == (2, "", False)


def test_a_table_that_the_settings_do_not_name_keeps_its_rules(host: Host, jailpf: Run) -> None:
    """pf.conf fills it; the other rules of the jail leave all the same."""
    text = f"table <bad> persist\n{RDR}block in\npass in quick on em0 inet proto tcp from ! <bad> to 172.16.15.29 port 80\n"
    more = "pass in quick on em0 inet proto tcp to 172.16.15.29 port 443\npass out\n"
    new, said, lost = moved_in(host, jailpf, text + more)
    assert 'write tables = ["bad"] in [host] of jailpf.toml' in said
    assert (lost, "443" in new, "! <bad>" in new) == ("", False, True)


def test_our_own_anchor_lines_make_no_exceptions(host: Host, jailpf: Run) -> None:
    """They are there already, and stay where they are."""
    text = f'{RDR}rdr-anchor "jailpf/*"\nblock in\n{PASS}anchor "jailpf/*"\npass out\n'
    new, said, lost = moved_in(host, jailpf, text)
    assert (lost, "stays" in said.partition("\n#")[0], new.count('anchor "jailpf/*"')) == ("", False, 4)


def test_names_of_jails_in_the_file_are_compared_as_their_addresses(host: Host, jailpf: Run) -> None:
    """The host's resolver may know them or not; who only sends is no jail that is moved."""
    text = RDR.replace("172.16.15.29", "web") + "block in\npass in quick proto tcp from mail to web port 81\npass out\n"
    status, out, err = jailpf("import", "pf.conf", host.file("old.conf", text))
    assert (status, "web: lets in the same" in out + err, "mail" in out + err) == (0, True, False)


def test_a_file_with_the_ends_of_lines_of_windows_is_said_to_be_refused(host: Host, jailpf: Run) -> None:
    """pfctl reads none of it; what it let in is not told as the same."""
    (host.root / "old.conf").write_bytes(f"{RDR}block in\n{QUICK}".replace("\n", "\r\n").encode())
    status, out, err = jailpf("import", "pf.conf", str(host.root / "old.conf"))
    assert (status, "old.conf:1: pf refuses the file" in err, "lets in" in out + err) == (1, True, False)


def test_bytes_of_a_comment_stay(host: Host, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """A file of another encoding is printed as it was, and its declarations are UTF-8."""
    old = host.root / "old.conf"
    old.write_bytes(b"# caf\xe9\n" + f"block in\n# \xfc\n{PASS}pass out # \xe9\n".encode("latin-1"))
    words = ["-c", f"{host.root}/jailpf/jailpf.toml", "--run", f"{host.root}/run", "import", "pf.conf", str(old)]
    main([*words, "--json", "--dry-run"])
    assert "caf\ufffd" in json.loads(capsysbinary.readouterr().out)["left"]
    main(words)
    said = capsysbinary.readouterr().out
    assert b"\n# caf\xe9\n" in said
    assert b"pass out # \xe9\n" in said
    assert PASS.encode() not in said
    assert tomllib.loads((host.root / "jailpf/jails/web.toml").read_text(encoding="utf-8"))["service"]
