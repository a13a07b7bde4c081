"""contrib/bastille/plugin: what is shown, what is installed, and what a hostile jail cannot do."""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from contrib_standins import CONTRIB, Standins, run

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

PLUGIN = CONTRIB / "bastille" / "plugin"
HTTP = "[service.http]\nport = 80\n"
SECRET = "[service.secret]\nport = 22\n"

# As `jailpf check` and `render` see it: -c FILE names the staged copy. FAIL is what shall not work.
JAILPF = """
read -r fail < "{root}/fail" || fail=
if [ "$1" = -c ]; then
    staged=${{2%/*}}
    cp -R "$staged" "{root}/staged.$3"
    shift 2
    [ "$1" = render ] && printf 'rdr \\033]0;evil\\007 ...\\n'
fi
if [ "$1" = "$fail" ]; then printf 'refused \\033[2J\\n' >&2; exit 71; fi
exit 0
"""


class Bastille:
    """A host with Bastille, the plugin and one jail, `web`."""

    def __init__(self, root: Path, standins: Standins) -> None:
        self.root, self.standins = root, standins
        self.etc, self.work = root / "etc", root / "run"
        self.jail = root / "jails" / "web" / "root"
        self.request = self.jail / "usr/local/etc/jailpf/request.toml"
        self.declaration = self.etc / "jails" / "web.toml"
        for folder in (self.work, self.etc / "jails", self.request.parent):
            folder.mkdir(parents=True)
        (self.etc / "jailpf.toml").write_text('[host]\next_if = "em0"\n')
        (self.etc / "jails" / "mail.toml").write_text("[service.mail]\nport = 25\n")
        conf = root / "bastille.conf"
        conf.write_text(f'bastille_prefix="{root}"\nbastille_jailsdir="${{bastille_prefix}}/jails"\n')
        (root / "fail").touch()
        standins.add("id", "echo 0")
        self.is_running(True)
        jailpf = standins.add("jailpf.sh", JAILPF.format(root=root))
        program = standins.bin / "jailpf"
        program.write_text(f'#!{sys.executable}\nimport os, sys\nos.execv("{jailpf}", ["jailpf", *sys.argv[1:]])\n')
        program.chmod(0o755)
        self.plugin = root / "plugins" / "jailpf"
        shutil.copytree(PLUGIN, self.plugin)
        standins.copy(
            PLUGIN / "jailpf.subr",
            self.plugin / "jailpf.subr",
            {
                "JAILPF": str(program),
                "ETC": str(self.etc),
                "JLS": str(standins.bin / "jls"),
                "TMP": str(self.work),
                "CONF": str(conf),
                "/usr/bin/id": str(standins.bin / "id"),
            },
        )
        self.request.write_text(HTTP)

    def is_running(self, running: bool) -> None:
        self.standins.add("jls", "exit 0" if running else "exit 1")

    def refuses(self, command: str) -> None:
        (self.root / "fail").write_text(f"{command}\n")

    def __call__(self, command: str, *arguments: str, reply: str = "") -> subprocess.CompletedProcess[str]:
        """`bastille plugin jailpf COMMAND ARGUMENT...`, which runs `sh .../jailpf/COMMAND.sh ARGUMENT...`."""
        return run("/bin/sh", self.plugin / f"{command}.sh", *arguments, stdin=reply)

    @property
    def calls(self) -> list[str]:
        """What jailpf was asked on the real settings."""
        calls = [call.replace("jailpf.sh ", "") for call in self.standins.calls if call.startswith("jailpf.sh")]
        return [call for call in calls if not call.startswith("[-c]")]

    def untouched(self) -> bool:
        return self.calls == [] and not self.declaration.exists()


@pytest.fixture
def host(tmp_path: Path, standins: Standins) -> Bastille:
    return Bastille(tmp_path, standins)


def test_apply_shows_asks_installs_attaches_and_loads(host: Bastille) -> None:
    done = host("apply", "web", reply="y\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "port = 80" in done.stdout
    assert "Publish this for web? [y/N]" in done.stdout
    assert host.declaration.read_text() == HTTP
    assert host.calls == ["[attach] [web]", "[load] [web]"]


@pytest.mark.parametrize("reply", ["", "\n", "n\n", "maybe\n", "N\ny\n"])
def test_without_consent_nothing_happens(host: Bastille, reply: str) -> None:
    assert host("apply", "web", reply=reply).returncode == 1
    assert host.untouched()


def test_y_does_not_ask(host: Bastille) -> None:
    done = host("apply", "-y", "web")
    assert (done.returncode, "y/N" in done.stdout) == (0, False)
    assert host.declaration.exists()


def test_n_shows_and_stops(host: Bastille) -> None:
    done = host("apply", "-n", "web")
    assert (done.returncode, "port = 80" in done.stdout) == (0, True)
    assert host.untouched()


def test_the_rules_of_a_jail_that_does_not_run_wait_for_its_start(host: Bastille) -> None:
    host.is_running(False)
    assert host("apply", "-y", "web").returncode == 0
    assert host.calls == ["[attach] [web]"]


def test_the_request_is_checked_beside_the_other_declarations_before_anything_is_installed(
    host: Bastille,
) -> None:
    host.declaration.write_text("# old\n")
    host("apply", "-n", "web")
    staged = host.root / "staged.check"
    assert (staged / "jails" / "web.toml").read_text() == HTTP
    assert sorted(path.name for path in (staged / "jails").iterdir()) == ["mail.toml", "web.toml"]
    assert host.declaration.read_text() == "# old\n"


@pytest.mark.parametrize("command", ["check", "render"])
def test_a_request_that_jailpf_refuses_is_not_installed(host: Bastille, command: str) -> None:
    host.refuses(command)
    done = host("apply", "-y", "web")
    assert (done.returncode, "nothing was changed" in done.stderr) == (71, True)
    assert host.untouched()


@pytest.mark.parametrize("before", ["", "# old\n"])
@pytest.mark.parametrize("command", ["attach", "load"])
def test_if_the_hooks_or_pf_refuse_the_declaration_is_what_it_was(host: Bastille, command: str, before: str) -> None:
    if before:
        host.declaration.write_text(before)
    host.refuses(command)
    assert host("apply", "-y", "web").returncode == 71
    assert (host.declaration.read_text() if before else host.declaration.exists()) == (before or False)
    assert ("[detach] [web]" in host.calls) is (not before)


def test_a_changed_request_shows_what_changes(host: Bastille) -> None:
    host.declaration.write_text("[service.http]\nport = 8080\n")
    done = host("apply", "-n", "web")
    assert {"-port = 8080", "+port = 80"} <= set(done.stdout.splitlines())


def test_apply_twice_is_apply_once(host: Bastille) -> None:
    host("apply", "-y", "web")
    done = host("apply", "-y", "web")
    assert (done.returncode, "says already" in done.stdout) == (0, True)
    assert sorted(path.name for path in host.declaration.parent.iterdir()) == ["mail.toml", "web.toml"]


def test_the_declaration_is_a_new_file_that_others_can_read_and_nobody_else_can_write(host: Bastille) -> None:
    target = host.root / "elsewhere"
    target.write_text("untouched")
    host.declaration.symlink_to(target)
    host("apply", "-y", "web")
    assert target.read_text() == "untouched"
    assert not host.declaration.is_symlink()
    assert host.declaration.stat().st_mode & 0o777 == 0o644


def test_nothing_temporary_stays(host: Bastille) -> None:
    for arguments in (["apply", "-y", "web"], ["apply", "web"], ["check", "web"], ["status", "web"]):
        host(*arguments)
    assert list(host.work.iterdir()) == []


def test_nothing_in_the_request_or_in_jailpfs_answer_can_speak_to_the_terminal(host: Bastille) -> None:
    host.request.write_text("[service.http]\nport = 80  # \u00e9\n")
    done = host("apply", "-n", "web")
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout
    assert "^[]0;evil^G" in done.stdout
    host.refuses("check")
    done = host("apply", "-n", "web")
    assert "refused ^[[2J" in done.stdout


@pytest.mark.parametrize(
    "text",
    [
        "# \x1b[2J\n",
        "# \x00\n",
        "# \u009b2J\n",
        "# \u202e\n",
        "# \u200b\n",
        "# \u2028\n",
        "# \r\n",
        "# \x7f\n",
    ],
)
def test_control_and_invisible_characters_are_refused(host: Bastille, text: str) -> None:
    host.request.write_bytes((HTTP + text).encode())
    assert host("apply", "-y", "web").returncode == 65
    assert host.untouched()


@pytest.mark.parametrize("content", [b"# \xff\n", b"#" * 20000])
def test_what_is_no_text_or_too_long_is_refused(host: Bastille, content: bytes) -> None:
    host.request.write_bytes(content)
    assert host("apply", "-y", "web").returncode == 65
    assert host.untouched()


def secret(host: Bastille) -> Path:
    """A folder outside the jail whose content must never be shown."""
    folder = host.root / "secret" / "jailpf"
    folder.mkdir(parents=True)
    (folder / "request.toml").write_text(SECRET)
    return folder


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("level", ["request.toml", "jailpf", "etc", "local", "usr"])
def test_no_link_leads_out_of_the_jail(host: Bastille, level: str, absolute: bool) -> None:
    folder = secret(host)
    link = next(path for path in (host.request, *host.request.parents) if path.name == level)
    if link.is_dir():
        shutil.rmtree(link)
    else:
        link.unlink()
    depth = len(host.request.parents) - len(link.parents)
    target = [folder / "request.toml", folder, folder.parent, folder.parent, folder.parent][depth]
    link.symlink_to(target if absolute else os.path.relpath(target, link.parent))
    done = host("apply", "-y", "web")
    assert done.returncode == 77
    assert "secret" not in done.stdout
    assert host.untouched()


def test_a_link_that_stays_in_the_jail_is_no_request_either(host: Bastille) -> None:
    host.request.rename(host.jail / "real")
    host.request.symlink_to(host.jail / "real")
    assert host("apply", "-y", "web").returncode == 77


def test_a_pipe_is_refused_and_does_not_hang(host: Bastille) -> None:
    host.request.unlink()
    os.mkfifo(host.request)
    assert host("apply", "-y", "web").returncode == 77


def test_a_folder_is_refused(host: Bastille) -> None:
    host.request.unlink()
    host.request.mkdir()
    assert host("apply", "-y", "web").returncode == 77


@pytest.mark.parametrize("turns", [8, pytest.param(200, marks=pytest.mark.exam)])
def test_exchanging_the_path_while_it_is_read_never_shows_anything_outside(host: Bastille, turns: int) -> None:
    """The race that `realpath` and then `cat` would lose: a folder and a link change places all the time."""
    folder, inside = secret(host), host.request.parent
    aside, link = inside.with_name("aside"), inside.with_name("link")
    link.symlink_to(folder)
    stop = threading.Event()

    def exchange() -> None:
        while not stop.is_set():
            inside.rename(aside)
            link.rename(inside)
            inside.rename(link)
            aside.rename(inside)

    thread = threading.Thread(target=exchange)
    thread.start()
    seen = set()
    try:
        for _ in range(turns):
            done = run(sys.executable, "-I", PLUGIN / "request.py", host.jail, "usr/local/etc/jailpf/request.toml")
            assert "secret" not in done.stdout
            seen.add(done.returncode)
    finally:
        stop.set()
        thread.join()
    assert seen <= {0, 66, 77}


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "usr/../x", "usr//x", "./x"])
def test_only_a_plain_relative_path_can_be_asked_for(host: Bastille, path: str) -> None:
    assert run(sys.executable, "-I", PLUGIN / "request.py", host.jail, path).returncode == 64


def test_without_a_request_apply_says_so(host: Bastille) -> None:
    host.request.unlink()
    done = host("apply", "web")
    assert (done.returncode, "there is no request" in done.stderr) == (66, True)


@pytest.mark.parametrize("command", ["apply", "check", "remove", "status"])
@pytest.mark.parametrize("name", ["", "..", ".x", "-x", "a/b", "../web", "a;b", "a b", "7", "*", "web mail", "a\nb"])
def test_names_that_are_no_jail_names_are_refused(host: Bastille, command: str, name: str) -> None:
    assert host(command, name).returncode == 64
    assert host.untouched()


@pytest.mark.parametrize("command", ["apply", "check", "remove", "status"])
def test_a_jail_that_bastille_does_not_have_is_refused(host: Bastille, command: str) -> None:
    done = host(command, "nosuch")
    assert (done.returncode, "Bastille has no jail nosuch" in done.stderr) == (66, True)


@pytest.mark.parametrize("command", ["apply", "check", "remove", "status"])
@pytest.mark.parametrize("arguments", [[], ["web", "mail"], ["-x", "web"]])
def test_what_cannot_be_understood_shows_the_usage(host: Bastille, command: str, arguments: list[str]) -> None:
    assert host(command, *arguments).returncode == 64
    assert host.untouched()


@pytest.mark.parametrize("command", ["apply", "check", "remove", "status"])
def test_only_root_may(host: Bastille, command: str) -> None:
    host.standins.add("id", "echo 1001")
    assert host(command, "web").returncode == 77
    assert host.untouched()


def test_settings_that_keep_declarations_elsewhere_are_refused(host: Bastille) -> None:
    (host.etc / "jailpf.toml").write_text('services = "x/{jail}.toml"\n')
    done = host("apply", "-y", "web")
    assert (done.returncode, "by hand" in done.stderr) == (78, True)
    assert host.untouched()


def test_a_host_without_settings_is_told_to_make_some(host: Bastille) -> None:
    (host.etc / "jailpf.toml").unlink()
    done = host("apply", "-y", "web")
    assert (done.returncode, "jailpf init" in done.stderr) == (78, True)


def test_check_changes_nothing(host: Bastille) -> None:
    done = host("check", "web")
    assert (done.returncode, "port = 80" in done.stdout) == (0, True)
    assert host.untouched()


def test_check_without_a_request_checks_what_is_declared(host: Bastille) -> None:
    host.request.unlink()
    assert host("check", "web").returncode == 0
    assert host.calls == ["[check] [web]"]


def test_remove_takes_hooks_rules_and_declaration_away(host: Bastille) -> None:
    host("apply", "-y", "web")
    host.standins.forget()
    assert host("remove", "web", reply="y\n").returncode == 0
    assert host.calls == ["[detach] [web]", "[unload] [web]"]
    assert not host.declaration.exists()
    assert host.request.read_text() == HTTP


def test_remove_asks_first(host: Bastille) -> None:
    host("apply", "-y", "web")
    host.standins.forget()
    assert host("remove", "web").returncode == 1
    assert (host.calls, host.declaration.exists()) == ([], True)


@pytest.mark.parametrize("command", ["detach", "unload"])
def test_remove_tries_every_step_and_keeps_the_declaration_if_one_failed(host: Bastille, command: str) -> None:
    host("apply", "-y", "web")
    host.standins.forget()
    host.refuses(command)
    assert host("remove", "-y", "web").returncode == 71
    assert host.calls == ["[detach] [web]", "[unload] [web]"]
    assert host.declaration.exists()


def test_status_says_whether_the_jail_asks_for_something_new(host: Bastille) -> None:
    done = host("status", "web")
    assert (done.returncode, "request: not applied" in done.stdout) == (1, True)
    host("apply", "-y", "web")
    host.standins.forget()
    done = host("status", "web")
    assert (done.returncode, done.stdout) == (0, "request: applied\n")
    assert host.calls == ["[status] [web]"]
    host.request.unlink()
    assert host("status", "web").stdout == "request: none\n"
    host.request.symlink_to("/etc/passwd")
    done = host("status", "web")
    assert (done.returncode, "request: unusable" in done.stdout) == (1, True)


@pytest.fixture
def real(host: Bastille) -> Bastille:
    """The same host with jailpf itself and the simulated pf."""
    pytest.importorskip("jailpf.cli")
    program = host.standins.bin / "jailpf"
    program.write_text(f"#!{sys.executable} -I\nimport sys\nfrom jailpf.__main__ import main\nsys.exit(main())\n")
    (host.etc / "jailpf.toml").write_text('pf = "simulated"\n[host]\next_if = "em0"\n')
    (host.etc / "jails" / "mail.toml").write_text('[jail]\nip4 = "10.0.0.9"\n[service.mail]\nport = 25\n')
    return host


@pytest.mark.parametrize(
    ("port", "status", "text"),
    [
        ('["80", "443"]', 0, "rdr on em0 inet proto tcp from any to (em0:0) port { 80 443 }"),
        ("25", 65, "jails/mail.toml:"),
        ('"smtp"', 65, "request:4:"),
    ],
)
def test_jailpf_itself_refuses_mistakes_and_conflicts_and_shows_the_rules(
    real: Bastille, port: str, status: int, text: str
) -> None:
    real.request.write_text(f'[jail]\nip4 = "10.0.0.5"\n[service.http]\nport = {port}\n')
    done = real("apply", "-n", "web")
    assert done.returncode == status, done.stdout + done.stderr
    assert text in " ".join(done.stdout.split())
    assert "jailpf-request." not in done.stdout


def test_the_plugin_is_laid_out_as_bastille_wants_it() -> None:
    keys = dict(re.findall(r'(?m)^(\w+)="(.*)"$', (PLUGIN / "plugin.conf").read_text()))
    assert set(keys) == {"name", "min_version", "depends_kmods", "depends_pkgs"}
    assert keys["name"] == "jailpf"
    assert {path.stem for path in PLUGIN.glob("*.sh")} == {"apply", "check", "remove", "status"}
