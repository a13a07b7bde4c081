"""jailpf plan: what a change means in traffic."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from .conftest import Desk

GIT = '[service.http]\nport = 80\nrdr = {{ port = {port} }}\n\n[jail]\nip4 = "172.16.15.29"\n'


def test_what_is_new_before_anything_is_loaded(desk: Desk) -> None:
    """Everything that is declared, from anybody, on the port outside; 1 says that something changes."""
    answer = desk.jailpf("plan", "git")
    assert answer.status == 1
    assert "new: anyone outside reaches git on 203.0.113.1 tcp 8080, which is its port 80" in answer.out.splitlines()
    assert "gone" not in answer.out


def test_nothing_changes_after_it_is_loaded(desk: Desk) -> None:
    """0, and how much stays."""
    for name in ("git", "dovecot"):
        desk.jailpf("load", name)
    answer = desk.jailpf("plan")
    assert (answer.status, answer.out.splitlines()[:-1]) == (0, [])
    assert answer.out.startswith("unchanged: ")
    assert int(answer.out.split()[1]) > 3


def test_a_moved_port_is_gone_and_new(desk: Desk) -> None:
    """Both sides are told, and reload -n ends with the same."""
    desk.jailpf("load", "git")
    desk.write("jails/git.toml", GIT.format(port=8443))
    for words in (["plan", "git"], ["reload", "-n", "git"]):
        lines = desk.jailpf(*words).out.splitlines()
        assert "new: anyone outside reaches git on 203.0.113.1 tcp 8443, which is its port 80" in lines
        assert "gone: anyone outside reaches git on 203.0.113.1 tcp 8080, which is its port 80" in lines
    found = json.loads(desk.jailpf("plan", "git", "--json").out)
    assert [row["ports"] for row in found["new"] if row["origin"] == "outside"] == [["8443"]]


def test_reload_n_of_a_jail_that_is_not_loaded_says_nothing_of_traffic(desk: Desk) -> None:
    """Nothing was compared, so nothing is unchanged."""
    answer = desk.jailpf("reload", "-n", "git")
    assert (answer.status, answer.out) == (66, "")


def test_a_narrower_source_is_told_exactly(desk: Desk) -> None:
    """What goes is everybody but those who may stay."""
    desk.jailpf("load", "git")
    desk.write(
        "jails/git.toml",
        'service.http.from = "128.0.0.0/1"\n'.replace("service.http.from", "[service.http]\nfrom")
        + GIT.format(port=8080).partition("\n")[2],
    )
    answer = desk.jailpf("plan", "git")
    assert (
        "gone: 0.0.0.0/1 outside reaches git on 203.0.113.1 tcp 8080, which is its port 80" in answer.out.splitlines()
    )
    assert "new" not in answer.out


def test_two_folders_are_compared_without_pf(desk: Desk) -> None:
    """For a pull request: nothing of the host is asked, and nothing is written."""
    for folder, port in (("a", 8080), ("b", 8443)):
        desk.write(
            f"{folder}/jailpf.toml", 'pf = "pfctl"\n[host]\next_if = "em0"\n[programs]\npfctl = "/nonexistent"\n'
        )
        (desk.root / folder / "jails").mkdir()
        (desk.root / folder / "jails/git.toml").write_text(GIT.format(port=port))
    answer = desk.jailpf("plan", "--from", str(desk.root / "a"), "--to", str(desk.root / "b"))
    assert answer.status == 1
    assert "tcp 8443" in answer.out.splitlines()[0]
    same = desk.jailpf("plan", "--from", str(desk.root / "a"), "--to", str(desk.root / "a"))
    assert same.status == 0
    assert desk.jailpf("plan", "--from", str(desk.root / "a")).status == 64
    assert "has no jailpf.toml" in desk.jailpf("plan", "--from", str(desk.root), "--to", "/nowhere").err


def test_two_folders_have_their_own_promises_and_mistakes(desk: Desk) -> None:
    """Those of the second count, whatever the host promises, and even where it has no settings; mistakes of either are told."""
    for folder in "ab":
        desk.write(f"{folder}/jailpf.toml", '[host]\next_if = "em0"\n')
        desk.write(f"{folder}/jails/git.toml", GIT.format(port=8080))
    desk.write("b/promises.toml", '[[never]]\nfrom = "outside"\nto = "jail:git"\n')
    (desk.root / "jailpf.toml").unlink()
    words = ["plan", "--from", str(desk.root / "a"), "--to", str(desk.root / "b")]
    answer = desk.jailpf(*words)
    assert answer.status == 1
    assert "b/promises.toml:1:1: never from outside to jail:git is not kept: tcp from" in answer.err
    desk.write("a/jails/git.toml", GIT.format(port=8080).replace("port =", "prt =", 1))
    answer = desk.jailpf(*words)
    assert answer.status == 65
    assert "a/jails/git.toml:2:1: " in answer.err


def test_what_pf_never_evaluates_is_no_plain_unchanged(desk: Desk) -> None:
    """A pf.conf without the anchors is why a new service changes nothing."""
    main = desk.write("closed.conf", "block all\n")
    answer = desk.jailpf("plan", "git", "--main", str(main))
    assert answer.out.startswith("unchanged: ")
    assert 'add to pf.conf: rdr-anchor "jailpf/*"' in answer.err
    assert "anchor" not in desk.jailpf("plan", "git").err


def test_folders_of_every_layout_are_evaluated(desk: Desk) -> None:
    """The pf.conf of a folder without one has the anchors of its layout, or nothing would ever change."""
    for layout in ("split", "bastille"):
        for folder, port in (("a", 8080), ("b", 8443)):
            desk.write(f"{folder}/jailpf.toml", f'layout = "{layout}"\n[host]\next_if = "em0"\n')
            desk.write(f"{folder}/jails/git.toml", GIT.format(port=port))
        answer = desk.jailpf("plan", "--from", str(desk.root / "a"), "--to", str(desk.root / "b"))
        assert (answer.status, answer.err) == (1, "")
        assert "new: anyone outside reaches git on 203.0.113.1 tcp 8443" in answer.out


def test_a_broken_declaration_is_named(desk: Desk) -> None:
    """The others are planned all the same."""
    desk.write("jails/git.toml", "[service.http]\nport = 0\n")
    answer = desk.jailpf("plan")
    assert answer.status == 65
    assert answer.err == "the declaration of git is broken and left out; `jailpf check` says why\n"
    assert "reaches dovecot" in answer.out


def test_who_goes_is_said_by_those_who_may_stay(desk: Desk) -> None:
    """A network of its own leaves twenty others: "anyone but" says it."""
    desk.jailpf("load", "git")
    desk.write(
        "jails/git.toml", '[service.http]\nfrom = "198.51.100.0/24"\n' + GIT.format(port=8080).partition("\n")[2]
    )
    answer = desk.jailpf("plan", "git")
    gone = "gone: anyone outside but 198.51.100.0/24 reaches git on 203.0.113.1 tcp 8080, which is its port 80"
    assert gone in answer.out.splitlines()


def test_a_name_that_is_broken_or_nobodys_is_refused(desk: Desk) -> None:
    """A gate must not pass what is not there."""
    desk.write("jails/git.toml", "[service.http]\nport = 0\n")
    answer = desk.jailpf("plan", "git")
    assert (answer.status, answer.out) == (65, "")
    assert "git.toml:2:8:" in answer.err
    assert desk.jailpf("plan", "dovecot").status == 1
    answer = desk.jailpf("plan", "dovecott")
    assert (answer.status, answer.out) == (66, "")
    assert answer.err == "dovecott is neither declared nor loaded; did you mean dovecot?\n"


def test_what_goes_with_its_declaration_is_told(desk: Desk) -> None:
    """A loaded jail without a file is one that sync takes away."""
    desk.jailpf("load", "git")
    (desk.root / "jails/git.toml").unlink()
    answer = desk.jailpf("plan", "git")
    assert answer.status == 1
    assert "gone: anyone outside reaches git on 203.0.113.1 tcp 8080, which is its port 80" in answer.out.splitlines()


MAIN = 'rdr-anchor "jailpf/*"\nblock in\nanchor "jailpf/*"\npass in on em0 proto tcp to any port 22\npass out\n'
SSH = '[service.ssh]\nport = 22\n\n[jail]\nip4 = "172.16.15.29"\n'


def test_what_a_jail_takes_from_others_is_told_with_its_name(desk: Desk) -> None:
    """A service at a port of the host takes the host's own; the changes of other jails are not told."""
    desk.write("pf.conf", MAIN)
    desk.write("jailpf.toml", 'pf = "simulated"\nmain = "pf.conf"\n[host]\next_if = "em0"\n')
    desk.write("jails/git.toml", SSH)
    lines = desk.jailpf("plan", "git").out.splitlines()
    assert "new: anyone outside reaches git on 203.0.113.1 tcp 22" in lines
    assert "gone: anyone outside reaches host on 203.0.113.1 tcp 22" in lines
    assert not any("dovecot" in line for line in lines)


LEAVES = '[service.http]\nport = 80\nrdr = { port = 8080 }\n\n[jail]\nip4 = "172.16.15.29"\n'
OUT = '[nat.all]\naddress = "203.0.113.1"\n\n[out.any]\n'


def test_what_leaves_is_told_in_traffic(desk: Desk) -> None:
    """1 and who reaches whom as whom, in plan, reload -n and sync -n, when it comes, changes and goes."""
    desk.jailpf("load", "git")
    for text, said in (
        (LEAVES + OUT, ["new: git reaches anyone outside as 203.0.113.1"]),
        (LEAVES + OUT + "[deny.smtp]\nport = 25\n", ["gone: git reaches anyone outside tcp 25 and udp 25 as 203.0.113.1"]),
        (
            LEAVES + OUT.replace("[out.any]", '[out.some]\nto = "192.0.2.0/24"'),
            [
                "new: git reaches 192.0.2.0/24 tcp 25 and udp 25 as 203.0.113.1",
                "gone: git reaches anyone outside but 192.0.2.0/24, all but tcp 25 and udp 25, as 203.0.113.1",
            ],
        ),
        (LEAVES, ["gone: git reaches 192.0.2.0/24 as 203.0.113.1"]),
    ):  # fmt: skip
        desk.write("jails/git.toml", text)
        for words in (["plan", "git"], ["reload", "-n", "git"], ["sync", "-n"]):
            answer = desk.jailpf(*words)
            assert answer.status == 1, words
            lines = [line for line in answer.out.splitlines() if line.startswith(("new:", "gone:"))]
            assert lines == said, words
        found = json.loads(desk.jailpf("plan", "git", "--json").out)["leaving"]
        assert {row["interface"] for side in ("new", "gone") for row in found[side]} == {"em0"}
        desk.jailpf("reload", "git")
        for words in (["plan", "git"], ["reload", "-n", "git"], ["sync", "-n"]):
            assert desk.jailpf(*words).status == 0


def test_the_same_jails_are_one_line(desk: Desk) -> None:
    """Another address of the nat is another sender for the world; a rule that is written otherwise is no change."""
    for name, last in (("a", 31), ("b", 32), ("c", 33)):
        desk.write(
            f"jails/{name}.toml", f'[out.web]\nproto = "tcp"\nport = [80, 443]\n[jail]\nip4 = "172.16.15.{last}"\n'
        )
    lines = desk.jailpf("plan").out.splitlines()
    assert "new: a and b and c reach anyone outside tcp 80,443, without an answer: nothing translates it" in lines
    desk.jailpf("load", "a", "b", "c")
    desk.write(
        "jails/a.toml",
        '[out.one]\nproto = "tcp"\nport = 80\n[out.two]\nproto = "tcp"\nport = 443\n[jail]\nip4 = "172.16.15.31"\n',
    )
    assert not [line for line in desk.jailpf("plan", "a").out.splitlines() if "a reaches" in line]
    desk.write(
        "jails/b.toml",
        '[nat.n]\naddress = "203.0.113.9"\n[out.web]\nproto = "tcp"\nport = [80, 443]\n[jail]\nip4 = "172.16.15.32"\n',
    )
    lines = desk.jailpf("plan", "b").out.splitlines()
    assert "new: b reaches anyone outside tcp 80,443 as 203.0.113.9" in lines
    assert "gone: b reaches anyone outside tcp 80,443, without an answer: nothing translates it" in lines


def test_services_are_not_said_to_leave(desk: Desk) -> None:
    """What only comes in, and what one jail sends to another, is covered."""
    desk.jailpf("load", "git", "dovecot")
    desk.write("jails/git.toml", LEAVES.replace("8080", "8081") + '[deny.some]\nfrom = "192.0.2.0/24"\n')
    answer = desk.jailpf("plan")
    assert answer.status == 1
    assert not [line for line in answer.out.splitlines() if "outside" in line.partition("reaches")[2]]


def test_nothing_loaded_is_no_agreement(desk: Desk) -> None:
    """sync -n says that none runs."""
    assert desk.jailpf("sync", "-n").out == "nothing to do: 2 are declared, but none is running\n"


def test_check_says_that_a_deny_with_only_a_port_is_about_what_is_sent(desk: Desk) -> None:
    """Where the jail serves that port it looks like the other direction."""
    desk.write("jails/git.toml", LEAVES + "[deny.web]\nport = 80\n")
    said = "deny.web blocks what git sends to port 80; it keeps nobody out of http; if you want that, ignore this"
    assert said in desk.jailpf("check").err
    desk.write("jails/git.toml", LEAVES + '[deny.web]\nport = 80\nfrom = "192.0.2.0/24"\n[deny.mail]\nport = 25\n')
    assert "blocks what" not in desk.jailpf("check").err


def test_a_main_ruleset_without_the_anchor_lines_is_said(desk: Desk) -> None:
    """Nothing changes in traffic because nothing is evaluated: plan and promises say so, with the lines to add."""
    main = desk.write("bare.conf", "block in\npass out\n")
    lacks = 'the main ruleset never evaluates the filter rules of jailpf/dovecot and 1 more; add to pf.conf: anchor "jailpf/*"'
    desk.write("promises.toml", '[[always]]\nfrom = "outside"\nto = "jail:git"\nport = 80\n')
    for command in ("plan", "promises"):
        answer = desk.jailpf(command, "--main", str(main))
        assert answer.status == 1
        assert lacks in answer.err.splitlines()
        assert '(inet); add to pf.conf: rdr-anchor "jailpf/*" and anchor "jailpf/*"' in answer.err
        assert "change the declaration" not in answer.err
        assert "never evaluates" not in desk.jailpf(command).err


def test_two_folders_of_the_split_layout_are_compared(desk: Desk) -> None:
    """The pf they are tried in has the anchor lines of their layout."""
    for folder, port in (("a", 8080), ("b", 8443)):
        desk.write(f"{folder}/jailpf.toml", 'pf = "simulated"\nlayout = "split"\n[host]\next_if = "em0"\n')
        (desk.root / folder / "jails").mkdir()
        (desk.root / folder / "jails/git.toml").write_text(GIT.format(port=port))
    answer = desk.jailpf("plan", "--from", str(desk.root / "a"), "--to", str(desk.root / "b"))
    assert "new: anyone outside reaches git on 203.0.113.1 tcp 8443, which is its port 80" in answer.out.splitlines()
    assert answer.err == ""


def test_no_line_is_both_new_and_gone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the port that is sent from tells two apart, it is told: with a rule that nobody here can read."""
    monkeypatch.setattr("jailpf.insight.world.loadable", lambda _pf, _file: [])
    desk.jailpf("load", "git", "dovecot")
    desk.write("jails/git.toml", GIT.format(port=8443))
    main = desk.write(
        "odd.conf", 'rdr-anchor "jailpf/*"\nanchor "jailpf/*"\nblock in\npass in proto tcp to port 80 foo\n'
    )
    lines = desk.jailpf("plan", "--main", str(main)).out.splitlines()
    assert any("may reach anyone outside tcp any" in line and line.endswith("from its port 8443") for line in lines)
    said = [line.partition(": ")[2] for line in lines]
    assert len(said) == len(set(said))
