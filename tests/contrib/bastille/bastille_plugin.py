"""A host with Bastille, the plugin and one jail."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

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
