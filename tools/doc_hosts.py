"""What a page's reader has before it begins: the jail manager that it is about, with a jail `web`, as the samples of its adapter's tests have it."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "tests" / "adapters"
TABLES = {
    "appjail": 'root = "{sample}"',
    "pot": 'root = "{sample}"\netc = "{sample}/etc"',
    "cbsd": 'workdir = "{sample}"\nnodeip = "203.0.113.1"',
    "iocage": 'root = "{sample}"',
    "bastille": 'conf = "{sample}/bastille.conf"',
}
"""The manager of a page, by the page's name: its table [managers.NAME]."""
JAIL_CONF = {"jail-conf": ("web", "10.0.0.2"), "from-pfrule": ("dovecot", "172.16.15.15")}
"""The jail in the jail.conf of a page."""
PROGRAMS = ("pkg", "python3", "sysrc", "service", *TABLES)
"""Programs that a `sh` block may run; see `stood_in`."""
HOOKS = ("prestart", "created")


def settings(manager: str, home: Path) -> str:
    """What jailpf.toml must say for a page about a manager, "" for any other. home: the folder of jailpf.toml."""
    if manager not in TABLES:
        return ""
    sample = home / manager
    if not sample.exists():
        _copy(manager, sample)
    return f"\n[managers.{manager}]\n{TABLES[manager].format(sample=sample)}\n"


def first(manager: str) -> str:
    """The settings that such a page begins with: its first line says which adapters."""
    named = f'adapters = ["{manager}", "jail.conf"]\n' if manager in ("appjail", "cbsd", "pot") else ""
    return f'{named}[host]\next_if = "em0"\n'


def files(page: str) -> dict[str, str]:
    """{name: text} of what is there besides: a jail.conf, and a declaration where the page is about hooks alone."""
    if page not in JAIL_CONF:
        return {}
    name, address = JAIL_CONF[page]
    block = f'{name} {{\n    path = "/jails/{name}";\n    interface = "lo1";\n    ip4.addr = "{address}";\n}}\n'
    declared = {"jails/web.toml": "[service.http]\nport = 80\n"} if page == "jail-conf" else {}
    return {"jail.conf": block, **declared}


def _copy(manager: str, sample: Path) -> None:
    shutil.copytree(SAMPLES / manager / "sample", sample)
    for path in (sample, *sample.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
        if path.name == "50-jailpf" or (manager == "pot" and path.suffix == ".sh"):  # the page attaches
            path.unlink()
    if manager == "bastille":
        (sample / "bastille.conf").write_text(f'bastille_prefix="{sample}"\n')
        (sample / "jails/web/rdr.conf").write_text("dual em0 any any tcp 80 80\n")  # after `bastille rdr web tcp 80 80`
        conf = sample / "jails/web/jail.conf"
        conf.write_text("".join(line for line in conf.read_text().splitlines(keepends=True) if "jailpf" not in line))


def stood_in(words: list[str], home: Path) -> str:
    """What a program of the host does: nothing, or the name of the jail that it starts."""
    if words[:2] == ["bastille", "rdr"] and words[3:] == ["reset"]:
        (home / "bastille/jails" / words[2] / "rdr.conf").unlink()
    starts = {"start", "restart", "jrestart"} & set(words[1:3])
    return words[-1] if starts and (words[0] != "service" or words[1] == "jail") else ""
