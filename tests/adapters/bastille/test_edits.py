"""What Bastille's own commands leave of our lines, recorded from Bastille 1.4.4 and jail(8) of 15.1."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jailpf.managers.attach import attach, detach
from jailpf.managers.parameters import read

if TYPE_CHECKING:
    from stand_ins.host import Host

HEADER = """  enforce_statfs = 2;
  devfs_ruleset = {ruleset};
  exec.clean;
  exec.consolelog = /var/log/bastille/{name}/console.log;
  exec.start = '/bin/sh /etc/rc';
  exec.stop = '/bin/sh /etc/rc.shutdown';
  host.hostname = {name};
  mount.devfs;
  mount.fstab = /usr/local/bastille/jails/{name}/fstab;
  path = /usr/local/bastille/jails/{name}/root;
  securelevel = 2;
  osrelease = "15.1-RELEASE";
"""
EDITS = json.loads((Path(__file__).parent / "edits.json").read_text())
OURS = "/usr/local/bin/jailpf"
HOOKS = (
    'exec.prepare += "{0} prestart $name";\nexec.{1} += "{0} created $name";\nexec.poststop += "{0} poststop $name";\n'
)


def left_by(host: Host, edit: dict[str, Any]) -> tuple[str, Path]:
    """A host where that edit has been made; the jail's name and its file."""
    text = edit["after"]
    name = text.partition(" {")[0].strip().split()[-1]
    text = re.sub(r"(?m)^@(\d+)\n", lambda mark: HEADER.format(name=name, ruleset=mark[1]), text)
    text = text.replace("/usr/local/etc/jailpf", f"{host.root}/jailpf")
    for file, stage in (("hooks.conf", "created"), ("hooks-vnet.conf", "poststart")):
        host.file(f"jailpf/{file}", HOOKS.format(OURS, stage))
    host.bastille({name: text})
    return name, host.root / f"bastille/jails/{name}/jail.conf"


def some() -> list[Any]:
    """One of each form and outcome for every run, all of them for an exam."""
    seen: set[tuple[str, int, bool]] = set()
    found = []
    for edit in EDITS:
        kind = (edit["form"], len(edit["left"]), "network" in " ".join(edit["commands"]))
        marks = [pytest.mark.exam] if kind in seen else []
        seen.add(kind)
        found.append(pytest.param(edit, marks=marks, id=f"{edit['form']}: {'; '.join(edit['commands'])}"))
    return found


@pytest.mark.parametrize("edit", some())
def test_an_edit_leaves_three_hooks_or_is_found_and_mended(host: Host, edit: dict[str, Any]) -> None:
    """The hooks that are gone are named; attaching again moves every old form to the one that lasts, detaching takes all out."""
    name, file = left_by(host, edit)
    adapters = host.adapters
    (seen,) = attach(adapters, [name], dry_run=True)
    gone = {
        verb
        for verb in ("prestart", "created", "poststop")
        if any(f"`jailpf {verb} {name}`" in one for one in seen.wrong)
    }
    assert gone == {"prestart", "created", "poststop"} - set(edit["left"])
    assert seen.attached or not edit["left"]
    others = {key: value for key, value in read(host.settings, str(file))[name].items() if not key.startswith("exec.")}
    attach(adapters, [name])
    assert attach(host.adapters, [name], dry_run=True)[0].wrong == ()
    assert file.read_text().count("jailpf") == file.read_text().count(f'.include "{host.root}/jailpf/hooks') > 0
    after = read(host.settings, str(file))[name]
    assert {key: value for key, value in after.items() if not key.startswith("exec.")} == others
    detach(host.adapters, [name])
    assert f"{host.root}/jailpf/" not in file.read_text()
    assert OURS not in file.read_text()


KINDS = json.loads((Path(__file__).parent / "jails.json").read_text())


@pytest.mark.parametrize(
    ("name", "command", "vnet", "text"),
    [
        pytest.param(*kind, id=kind[1], marks=[] if number % 8 == 0 else [pytest.mark.exam])
        for number, kind in enumerate(KINDS)
    ],
)
def test_every_kind_of_jail_is_attached_by_one_line_below_its_block(host: Host, name, command, vnet, text) -> None:
    """As `bastille create` of 1.4.4 writes them, and as jail(8) of 15.1 was seen to read them with that line."""
    host.bastille({name: text})
    (result,) = attach(host.adapters, [name])
    late = vnet or "ip_hostname" in text  # a resolver knows its address: only the running jail does
    file = "hooks-vnet.conf" if late else "hooks.conf"
    assert Path(result.file).read_text() == f'{text}.include "{host.root}/jailpf/{file}";\n'
    detach(host.adapters, [name])
    assert Path(result.file).read_text() == text
