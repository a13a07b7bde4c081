"""contrib/ansible: the collection, run by ansible-core against the simulated pf."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ansible", reason="ansible-core is not installed")

ROOT = Path(__file__).parents[2]
COLLECTION = ROOT / "contrib" / "ansible"
SETTINGS = 'pf = "simulated"\n[host]\next_if = "em0"\n'
WEB = '[service.http]\nport = 80\n\n[jail]\nip4 = "10.0.0.2"\n'
PF_CONF = "ext_if = em0\nset skip on lo\nblock all\npass out\n"


class Fleet:
    """Hosts that are folders, each with an etc, a run directory and a pf.conf of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        target = root / "collections/ansible_collections/jailpf"
        target.mkdir(parents=True)
        (target / "jailpf").symlink_to(COLLECTION)
        self.program = root / "jailpf"
        self.program.write_text(f'#!/bin/sh\nexec {sys.executable} -I -m jailpf "$@"\n')
        self.program.chmod(0o755)
        self.hosts: dict[str, dict[str, Any]] = {}

    def host(self, name: str, **variables: Any) -> None:
        """A host of the inventory."""
        folder = self.root / name
        folder.mkdir()
        (folder / "pf.conf").write_text(PF_CONF)
        self.hosts[name] = {
            "jailpf_etc": str(folder / "etc"), "jailpf_run": str(folder / "run"), "jailpf_pf_conf": str(folder / "pf.conf"), **variables,
        }  # fmt: skip

    def play(self, *options: str, status: int = 0) -> str:
        """Run the collection's playbook over all hosts; what it prints."""
        (self.root / "reach").mkdir(exist_ok=True)
        shared = {
            "ansible_connection": "local", "ansible_python_interpreter": sys.executable, "jailpf_program": str(self.program),
            "jailpf_pfctl": "/bin/true", "jailpf_pf_reload": ["/bin/true"], "jailpf_reach_folder": str(self.root / "reach"),
            "jailpf_settings": SETTINGS, "jailpf_package": "", "jailpf_owner": str(os.geteuid()),
        }  # fmt: skip
        (self.root / "inventory.yml").write_text(json.dumps({"jail_hosts": {"hosts": self.hosts, "vars": shared}}))
        book = str(COLLECTION / "playbooks/site.yml")
        return self.ansible("playbook", "-i", str(self.root / "inventory.yml"), book, *options, status=status)

    def ansible(self, *words: str, status: int = 0, **more: str) -> str:
        """Run a program of ansible-core with this collection."""
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.root), "ANSIBLE_COLLECTIONS_PATH": str(self.root / "collections"), "LC_ALL": "C.UTF-8",
            "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_NOCOLOR": "1", **more,
        }  # fmt: skip
        command = [sys.executable, "-m", "ansible", *words]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, check=False, stdin=subprocess.DEVNULL
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def settings(self) -> Path:
        """One host without the role: its etc."""
        etc = self.root / "etc"
        (etc / "jails").mkdir(parents=True)
        (etc / "jailpf.toml").write_text(SETTINGS)
        return etc

    def module(self, **given: Any) -> dict[str, Any]:
        """The module alone, as ansible would run it."""
        usual = {
            "program": str(self.program),
            "settings": str(self.root / "etc/jailpf.toml"),
            "run": str(self.root / "run"),
        }
        done = subprocess.run(
            [sys.executable, str(COLLECTION / "plugins/modules/jailpf_declaration.py")],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": {**usual, **given}}), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    os.umask(0o022)
    return Fleet(tmp_path)


def test_the_module_alone(fleet: Fleet) -> None:
    """Check mode tells the truth and changes nothing, twice is once, a bad declaration changes nothing, absent is gone."""
    etc = fleet.settings()
    file = etc / "jails/web.toml"
    told = fleet.module(name="web", text=WEB, _ansible_check_mode=True)
    assert told["changed"], told
    assert told["diff"]["after"] == "any (outside) reaches web on 203.0.113.1 tcp 80\n"
    assert not file.exists()
    done = fleet.module(name="web", text=WEB)
    assert (done["changed"], done["plan"]["new"]) == (True, told["plan"]["new"])
    assert file.read_text() == WEB
    assert not fleet.module(name="web", text=WEB)["changed"]
    failed = fleet.module(name="web", text="[service.http]\nport = 0\n")
    assert failed["failed"]
    assert f"{etc}/jails/web.toml:2:8" in failed["msg"]
    assert file.read_text() == WEB
    assert fleet.module(name="web", state="absent")["diff"]["before"].startswith("any (outside) reaches web")
    assert not file.exists()
    assert not fleet.module(name="web", state="absent")["changed"]


@pytest.mark.exam
def test_a_roll_out(fleet: Fleet) -> None:
    """Two hosts and a third by one line of inventory; twice changes nothing; a broken promise stops before the second."""
    for name in ("a", "b"):
        fleet.host(name, jailpf_jails={"web": WEB})
    assert "failed=0" in fleet.play()
    conf = (fleet.root / "a/pf.conf").read_text()
    lines = [line for line in conf.splitlines() if not line.startswith("#")]
    assert lines.index('rdr-anchor "jailpf/*"') < lines.index("block all") < lines.index('anchor "jailpf/*"')
    again = fleet.play()
    assert again.count("changed=0") == 2, again
    fleet.host("c", jailpf_jails={"web": WEB})
    fleet.play()
    assert (fleet.root / "c/etc/jails/web.toml").read_text() == WEB
    words = [str(fleet.program), "fleet", str(fleet.root / "reach"), "--port", "80", "--json"]
    answer = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    assert answer["hosts"] == 3
    assert fleet.play("--check", "--diff").count("changed=0") == 3
    for name in ("a", "b"):
        fleet.hosts[name]["jailpf_promises"] = '[[never]]\nfrom = "outside"\nto = "jail:web"\n'
    assert "never from outside to jail:web is not kept" in fleet.play(status=2)
    assert not (fleet.root / "b/etc/promises.toml").exists()
    fleet.hosts["a"].update(jailpf_promises="", jailpf_jails={"web": "[service.http]\nport = 0\n"})
    (fleet.root / "a/etc/promises.toml").unlink()
    assert "jails/web.toml:2:8" in fleet.play(status=2)
    assert (fleet.root / "a/etc/jails/web.toml").read_text() == WEB


@pytest.mark.exam
def test_the_inventory_of_jails(fleet: Fleet) -> None:
    """Each declared jail is a host of the group `jails`, with its address."""
    etc = fleet.settings()
    (etc / "jails/web.toml").write_text(WEB)
    file = fleet.root / "jails.jailpf.yml"
    file.write_text(f"plugin: jailpf.jailpf.jails\nprogram: {fleet.program}\nsettings: {etc}/jailpf.toml\n")
    out = fleet.ansible("inventory", "-i", str(file), "--list", ANSIBLE_INVENTORY_ENABLED="jailpf.jailpf.jails")
    found = json.loads(out)
    assert found["jails"]["hosts"] == ["web"]
    assert found["_meta"]["hostvars"]["web"]["ansible_host"] == {"__ansible_unsafe": "10.0.0.2"}
