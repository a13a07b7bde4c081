"""jailpf as the tests run it: from the checkout, installed nowhere, in both forms that hook lines have."""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from pathlib import Path

from freebsd.tools import TOOLS, Said, run

CHECKOUT = Path(__file__).parents[2]
FALLBACK = Path(__file__).parent / "fallback"
CODE = (str(CHECKOUT), str(CHECKOUT / "plugins"))

CONSOLE = """\
#!{python} -I
import sys
sys.path[:0] = {code!r}
sys.path += {more!r}
from jailpf.__main__ import main
sys.exit(main())
"""
WARM = """
import os, sys
from jailpf.__main__ import main
def end(status, exit=os._exit):
    os.write(1, b"False\\n")
    exit(status)
os._exit = end
status = main()
print("True")
sys.exit(status)
"""


def missing(*modules: str) -> list[str]:
    """Those that are not installed."""
    return [name for name in modules if name not in sys.modules and importlib.util.find_spec(name) is None]


def reach() -> list[str]:
    """Folders of modules that an isolated Python would not find: those of this run, and stand-ins for what is missing."""
    found = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    return [*found, *([str(FALLBACK)] if missing("sh") else [])]


class Home:
    """A folder with jailpf.toml, declarations, jail.conf, the run directory, and the program.

    Everything belongs to root and can be written by nobody else, as DESIGN.md section 9 wants it.
    """

    def __init__(self, folder: Path, program: Program) -> None:
        self.program = program
        self.toml, self.run, self.jail_conf = folder / "etc/jailpf.toml", folder / "run", folder / "jail.conf"
        for path in (folder, folder / "etc", folder / "etc/jails"):
            path.mkdir(mode=0o755, exist_ok=True)

    def settings(
        self, ext_if: str, *, layout: str = "single", nat: bool = False, direct: bool = False, top: str = "",
        host: str = "", pfctl: str = "",
    ) -> None:  # fmt: skip
        """Write jailpf.toml. nat: jails leave by the external address; top, host: further lines; pfctl: another one."""
        names = ("pfctl", "jail", "jls", "ifconfig", "sysctl")
        programs = {name: TOOLS[name] for name in names} | ({"pfctl": pfctl} if pfctl else {})
        lines = [
            'adapters = ["jail.conf"]',
            f'layout = "{layout}"',
            f"direct = {str(direct).lower()}",
            *top.splitlines(),
            "[host]",
            f'ext_if = "{ext_if}"',
            'ext_ip4 = "<ext_ip4>"',
            'ext_ip6 = "<ext_ip6>"',
            *([f'nat = "({ext_if}:0)"'] if nat else []),
            *host.splitlines(),
            "[managers.jail_conf]",
            f'file = "{self.jail_conf}"',
            "[programs]",
            *(f'{name} = "{path}"' for name, path in programs.items()),
        ]
        write(self.toml, "\n".join(lines) + "\n")

    def declare(self, name: str, toml: str) -> Path:
        """Write a jail's declaration."""
        return write(self.toml.parent / f"jails/{name}.toml", toml)

    def options(self) -> list[str]:
        """What every command line of jailpf has here."""
        return ["-c", str(self.toml), "--run", str(self.run)]

    def jailpf(self, *words: str, status: int | None = 0) -> Said:
        """Run jailpf; it must end with `status`, unless that is None."""
        said = run(str(self.program.console), *self.options(), *words, must=False)
        if status is not None and said.status != status:
            raise AssertionError(f"jailpf {' '.join(words)}: exit {said.status}, not {status}\n{said.out}\n{said.err}")
        return said

    def warm(self, name: str) -> Said:
        """`created`, and whether it took the long way: "True" or "False" is the last word of its output (the short one ends at once)."""
        script = write(self.toml.parent.parent / "warm.py", WARM)
        return run(str(self.program.python), "-I", str(script), *self.options(), "created", name)

    def hook(self, verb: str, form: str = "console") -> str:
        """A hook line as jailpf(8) documents it, "console" or "module"."""
        start = [str(self.program.console)] if form == "console" else [str(self.program.python), "-I", "-m", "jailpf"]
        return " ".join([*start, *self.options(), verb, "$name"])


class Program:
    """The program `jailpf`, and an interpreter that finds jailpf under -I: a virtual environment with one .pth file."""

    def __init__(self, folder: Path) -> None:
        self.console = write(
            folder / "jailpf",
            CONSOLE.format(python=sys.executable, code=list(CODE), more=reach()),
            0o755,
        )
        place = folder / "python"
        run(sys.executable, "-m", "venv", "--without-pip", str(place), seconds=120)
        self.python = place / "bin/python"
        site = sysconfig.get_path("purelib", "venv", {"base": str(place), "platbase": str(place)})
        write(Path(site) / "jailpf.pth", "".join(line + "\n" for line in [*CODE, *reach()]))


def write(path: Path, text: str, mode: int = 0o644) -> Path:
    """A file that only its owner can change, whatever the umask."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.chmod(path, mode)
    return path
