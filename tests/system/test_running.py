from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from jailpf.errors import ConfigError, PermissionDeniedError, PfUnavailableError, TryAgainError
from jailpf.pf.pfctl import Pfctl
from jailpf.system import programs, running, spawn

if TYPE_CHECKING:
    from stand_ins.host import Host

JAILS = {
    "dovecot": {"jid": "2", "ip4.addr": ["172.16.15.15"], "ip6.addr": ["fd7a:e5cd::f"], "path": "/jails/base"},
    "web": {"jid": 3, "ip4.addr": ["172.16.15.16", "172.16.15.17"], "path": "/jails/base"},
    "vn": {"jid": "4", "vnet": "new", "path": "/jails/base"},
}


@pytest.mark.parametrize("kernel", [{}, {"strings": True}, {"unknown": ["vnet"]}])
def test_lists_and_comma_strings_numbers_and_strings_are_all_taken(host: Host, kernel) -> None:
    host.running({**JAILS, "": kernel})
    found = running.running(host.settings)
    assert [(one.name, one.jid, one.path) for one in found.values()] == [
        ("dovecot", 2, "/jails/base"), ("web", 3, "/jails/base"), ("vn", 4, "/jails/base"),
    ]  # fmt: skip
    assert list(map(str, found["dovecot"].addresses)) == ["172.16.15.15", "fd7a:e5cd::f"]
    assert list(map(str, found["web"].addresses)) == ["172.16.15.16", "172.16.15.17"]
    assert [one.vnet for one in found.values()] == [False, False, "unknown" not in kernel]


def test_one_jail_is_found_or_is_not_running(host: Host) -> None:
    host.running(JAILS)
    assert running.find(host.settings, "web").jid == 3
    assert running.find(host.settings, "nosuch") is None


def test_a_jls_that_fails_or_answers_nonsense_is_an_error(host: Host) -> None:
    query = "--libxo json name jid ip4.addr ip6.addr vnet path"
    host.says("jls", {query: [1, "", "jls: jail_get: Operation not permitted\n"]})
    with pytest.raises(ConfigError, match="Operation not permitted"):
        running.running(host.settings)
    host.says("jls", {query: "not json"})
    with pytest.raises(ConfigError, match="does not answer as jls"):
        running.running(host.settings)


@pytest.mark.parametrize(
    "said",
    [
        "", "null", "[]", "{}", '{"jail-information": null}', '{"jail-information": {}}', '{"jail-information": {"jail": 5}}',
        '{"jail-information": {"jail": null}}', '{"jail-information": {"jail": "web"}}', '{"jail-information": {"jail": [null]}}',
        '{"jail-information": {"jail": [{"hostname": "web"}]}}', '{"jail-information": {"jail": {}}}',
        '{"jail-information": {"jail": [{"name": "web"}, {"name": ""}]}}', '{"jail-information": {"jail": [{"name": ["web"]}]}}',
        "[" * 100_000,
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_not_that_no_jail_runs(host: Host, said: str) -> None:
    """sync would take every running jail's rules away."""
    host.file("answer", said)
    host.file("bin/jls", f"#!/bin/sh\ncat {host.root}/answer\n")
    (host.root / "bin/jls").chmod(0o755)
    with pytest.raises(ConfigError, match="does not answer as jls"):
        running.running(host.settings)


def test_a_jls_that_cannot_start_is_not_a_jail_that_does_not_run(host: Host) -> None:
    """Something else may be "not found"."""
    query = "-j web --libxo json name jid ip4.addr ip6.addr vnet path"
    host.says("jls", {query: [1, "", 'ld-elf.so.1: Shared object "libxo.so.0" not found, required by "jls"\n']})
    with pytest.raises(ConfigError, match=r"libxo\.so\.0"):
        running.find(host.settings, "web")


def test_a_program_without_an_end_is_cut_off(host: Host) -> None:
    """`yes` for jls(8) takes neither all memory nor all the time."""
    script = host.file("many", "#!/bin/sh\nexec yes\n")
    (host.root / "many").chmod(0o755)
    with pytest.raises(ConfigError, match=r"many printed more than 16 MiB"):
        programs.run(script)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("how", ["owner", "mode", "folder", "link"])
def test_a_program_that_somebody_else_could_have_written_is_not_run(host: Host, how: str) -> None:
    """It would run as root."""
    script = host.file("bin2/prog", f"#!/bin/sh\ntouch {host.root}/ran\n")
    (host.root / "bin2/prog").chmod(0o755)
    if how == "owner":
        os.chown(script, 4321, 0)
    elif how == "mode":
        (host.root / "bin2/prog").chmod(0o775)
    elif how == "folder":
        (host.root / "bin2").chmod(0o777)
    else:
        script = str(host.root / "link")
        os.symlink(host.root / "bin2/prog", script)
        os.chown(script, 4321, 0, follow_symlinks=False)
    with pytest.raises(PermissionDeniedError, match=r"chown root|chmod go-w"):
        programs.run(script)
    with pytest.raises(PermissionDeniedError, match=r"chown root|chmod go-w"):
        Pfctl(script).enabled()
    with pytest.raises(PermissionError, match="somebody else"):
        spawn.run([script])
    assert not spawn.is_trusted(script)
    assert not (host.root / "ran").exists()


def test_a_program_of_ones_own_is_trusted_by_every_way(host: Host) -> None:
    """Through links, `..` and sticky folders; one that is not there is told as such."""
    host.file("bin2/prog", "#!/bin/sh\n")
    (host.root / "bin2/prog").chmod(0o755)
    (host.root / "sticky").mkdir(mode=0o1777)
    (host.root / "sticky").chmod(0o1777)
    (host.root / "sticky/link").symlink_to("../bin2/../bin2/prog")
    (host.root / "whole").symlink_to(host.root / "sticky/link")
    for way in ("bin2/prog", "sticky/link", "whole", "bin2//./prog"):
        assert spawn.is_trusted(f"{host.root}/{way}")
        assert spawn.run([f"{host.root}/{way}"])[0] == 0
        programs.run(f"{host.root}/{way}")
    with pytest.raises(FileNotFoundError):
        spawn.run([f"{host.root}/none"])


def test_a_lone_jail_without_a_list_around_it_is_taken(host: Host) -> None:
    query = "--libxo json name jid ip4.addr ip6.addr vnet path"
    host.says("jls", {query: '{"jail-information": {"jail": {"name": "x", "jid": "?", "ip4.addr": "-"}}}'})
    assert running.running(host.settings)["x"] == running.Running(name="x")


def test_an_ifconfig_without_j_says_what_to_declare(host: Host) -> None:
    host.running(JAILS)
    host.says("ifconfig", {"-j vn": [1, "", "ifconfig: illegal option -- j\nusage: ifconfig\n"]})
    with pytest.raises(ConfigError, match=r"illegal option -- j\n.*add \[jail\] with ip4"):
        running.find(host.settings, "vn")


def test_a_program_gets_no_shell_no_terminal_and_a_small_environment(host: Host, monkeypatch) -> None:
    monkeypatch.setenv("IFS", "x")
    monkeypatch.setenv("LD_PRELOAD", "")
    script = host.file("show", '#!/bin/sh\necho "$1"; tty; pwd; env | sort | cut -d= -f1\ncat\n')
    (host.root / "show").chmod(0o755)
    out = programs.run(script, "$(id); `id` *")
    assert out.splitlines() == ["$(id); `id` *", "not a tty", "/", "LANG", "LC_ALL", "PATH", "PWD"]


def test_a_failing_program_is_quoted_in_full(host: Host) -> None:
    script = host.file("fail", '#!/bin/sh\necho out\nfor i in $(seq 200); do echo "line $i" >&2; done\nexit 3\n')
    (host.root / "fail").chmod(0o755)
    with pytest.raises(ConfigError) as caught:
        programs.run(script, "a", "")
    assert [len(caught.value.problems), str(caught.value.problems[0])] == [200, "fail a '': line 1"]


@pytest.mark.parametrize(("ending", "expected"), [("exit 4", "exit status 4"), ("kill -9 $$", "signal 9")])
def test_a_program_that_fails_silently_is_told_by_its_status(host: Host, ending, expected) -> None:
    script = host.file("fail", f"#!/bin/sh\n{ending}\n")
    (host.root / "fail").chmod(0o755)
    with pytest.raises(ConfigError, match=expected):
        programs.run(script)


def test_a_program_that_hangs_is_killed(host: Host) -> None:
    script = host.file("hang", "#!/bin/sh\nexec sleep 60\n")
    (host.root / "hang").chmod(0o755)
    with pytest.raises(TryAgainError, match=r"hang did not end within 0\.2 s"):
        programs.run(script, timeout=0.2)


def test_a_program_that_cannot_be_run_is_unavailable(host: Host) -> None:
    script = host.file("odd", "#!/nonexistent\n")
    (host.root / "odd").chmod(0o755)
    with pytest.raises(PfUnavailableError, match="it cannot be run"):
        programs.run(script)


def test_every_command_can_be_shown(host: Host, monkeypatch) -> None:
    shown = []
    monkeypatch.setattr(programs, "trace", shown.append)
    running.find(host.settings, "web")
    assert shown == [[host.programs["jls"], "-j", "web", "--libxo", "json", *running.PARAMETERS]]


def test_importing_the_adapters_imports_no_sh() -> None:
    code = "import jailpf_adapters.bastille, jailpf_adapters.iocage, jailpf_adapters.jail_conf, jailpf.system.running, sys; print([name for name in ('sh', 'tomlkit') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True).stdout == "[]\n"
