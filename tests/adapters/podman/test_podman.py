from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jailpf.managers.attach import attach, detach
from jailpf.managers.building import jail_of
from jailpf.plugin import ConfigError, Place, Published, Unread
from jailpf.system import itself
from jailpf_adapters.podman import hook, published
from jailpf_adapters.podman.container import of_json

if TYPE_CHECKING:
    from stand_ins.host import Host

SAMPLE = Path(__file__).parent / "sample"
SAID = json.loads((SAMPLE / "expected.json").read_text())
ID = SAID["containers"]["bundle"]["id"]
INSPECT = [
    {
        "Id": ID, "Name": "angry_name", "Config": {"Annotations": {"org.jailpf.name": "web", "org.freebsd.jail.vnet": "new"}},
        "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}], "53/udp": [{"HostIp": "203.0.113.7", "HostPort": "5353"}], "9/sctp": [{"HostPort": "9"}]}},
    },
    {"Id": "b" * 64, "Name": "db", "Config": {"Annotations": {"org.freebsd.jail.ip4.addr": "10.5.0.2,10.5.0.3"}}},
]  # fmt: skip


@pytest.fixture
def podman(host: Host) -> Host:
    """A host with two containers, and folders of its own for the hooks."""
    idents = [one["Id"] for one in INSPECT]
    host.says(
        "podman",
        {
            "ps -aq --no-trunc": "\n".join(idents) + "\n",
            "inspect --type container " + " ".join(idents): json.dumps(INSPECT),
        },
    )
    host.managers["podman"] = {
        "program": f"{host.root}/bin/podman", "hooks_dir": f"{host.root}/hooks.d", "front": f"{host.root}/libexec/jailpf/oci-hook",
    }  # fmt: skip
    return host


def test_a_container_is_known_by_the_name_in_its_annotation(podman: Host) -> None:
    one = podman.adapter("podman")
    assert list(one.names()) == ["web", "db"]
    web, db = one.find("web"), one.find("db")
    assert (web.running_name, web.vnet, web.settled) == (ID, True, False)
    assert ([str(address) for address in db.addresses], db.vnet, db.settled) == (["10.5.0.2", "10.5.0.3"], False, True)
    assert one.find("angry_name") is None


@pytest.mark.parametrize(("file", "said"), SAID["containers"].items(), ids=list(SAID["containers"]))
def test_every_form_of_state_is_read(file: str, said: dict[str, Any]) -> None:
    """config.json, what a hook is given, and the older releases' network jail."""
    path = SAMPLE / file if file.endswith(".json") else SAMPLE / file / "config.json"
    one = of_json(path.read_text(), ident=said.get("id", ""))
    jail = jail_of("x", one.running_name, one.parameters, str(path), "podman")
    assert jail.vnet == said["vnet"]
    if "running_name" in said:
        assert one.running_name == said["running_name"]
    assert one.jid == said.get("jid", 0)
    assert one.name == said.get("name_for_jailpf", one.name)
    addresses = [str(address) for address in jail.addresses]
    assert addresses == [*said.get("ip4", []), *said.get("ip6", [])]


@pytest.mark.parametrize("row", SAID["published"], ids=lambda row: f"{row['file']}:{row['port']}")
def test_every_version_of_portmap_is_read(row: dict[str, Any]) -> None:
    """`to self`, an address, and the `to !` of v0.3."""
    found = list(published.of_anchor((SAMPLE / row["file"]).read_text(), "web", Place("pf")))
    to = {"self": "(self)", "any address but the container's": f"! {row['target']}"}.get(row["to"], row["to"])
    same = [one for one in found if isinstance(one, Published) and str(one.port) == row["port"]]
    (one,) = same
    assert ("".join(one.proto), str(one.jail_port), str(one.target)) == (row["proto"], row["jail_port"], row["target"])
    assert ("".join(map(str, one.to)).replace("! ", "!"), list(one.families)) == (
        to.replace("! ", "!"),
        row["families"],
    )
    assert one.passes


def test_what_run_p_said_is_claimed_and_what_is_no_port_is_shown(podman: Host) -> None:
    found = list(podman.adapter("podman").claims())
    assert [(one.proto, str(one.port), str(one.jail_port)) for one in found if isinstance(one, Published)] == [
        (("tcp",), "8080", "80"), (("udp",), "5353", "53"),
    ]  # fmt: skip
    assert [one.text for one in found if isinstance(one, Unread)] == [":9:9/sctp"]
    (one,) = podman.adapter("podman").import_(["web"])
    assert "port = 8080" in one.text


def test_attach_writes_the_hooks_for_all_containers_once(podman: Host) -> None:
    podman_first = [podman.adapter("podman")]
    (result,) = attach(podman_first, ["web"])
    assert "ocijail ignores the exit status of hooks" in " ".join(result.done)
    hooks = {path.name: json.loads(path.read_text()) for path in (podman.root / "hooks.d").iterdir()}
    assert {name: one["stages"] for name, one in hooks.items()} == {
        "50-jailpf-precreate.json": ["precreate"], "50-jailpf.json": ["prestart"], "51-jailpf.json": ["poststop"],
    }  # fmt: skip
    front = podman.root / "libexec/jailpf/oci-hook"
    assert front.stat().st_mode & 0o777 == 0o755
    program = shlex.join(itself.command())
    assert front.read_text().endswith(f'exec {program} -m jailpf_adapters.podman.hook "$@"\n')
    done = subprocess.run([front, "oci-hook", "created"], input="{", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr[:31]) == (78, "jailpf: the container's state: ")
    assert all(one["hook"]["path"] == str(front) for one in hooks.values())
    settings = ["-c", f"{podman.root}/jailpf/jailpf.toml", "--run", f"{podman.root}/run"]
    assert hooks["50-jailpf.json"]["hook"]["args"] == ["oci-hook", *settings, "created"]
    assert not attach(podman_first, ["db"])[0].changed
    detach(podman_first, ["web"])
    assert not list((podman.root / "hooks.d").iterdir())
    assert not front.parent.exists()


@pytest.mark.parametrize("argv0", [[], ["oci-hook"]])
def test_the_hook_calls_jailpf_with_the_declared_name(tmp_path: Path, argv0: list[str]) -> None:
    """Whether args[0] arrives or not; the state is kept for `find`, which must not ask podman while it holds its lock."""
    state = (SAMPLE / "stdin-prestart.json").read_text()
    words = ["-c", "/x/jailpf.toml", "--run", str(tmp_path)]
    assert hook.main([*argv0, *words, "created"], state) == [*words, "created", "web"]
    assert of_json(Path(hook.state_file(str(tmp_path), "web")).read_text()).id == ID
    assert hook.main([*argv0, *words, "poststop"], state) == [*words, "poststop", "web"]
    assert not Path(hook.state_file(str(tmp_path), "web")).exists()


def test_a_hook_does_nothing_for_other_containers_and_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    run = ["--run", str(tmp_path)]
    assert hook.main([*run, "created"], (SAMPLE / "stdin-old-13.2.json").read_text()) == []
    for wrong in ("{", "[]", json.dumps({"annotations": {"org.jailpf.name": "../x"}})):
        with pytest.raises(ValueError):  # noqa: PT011
            hook.main([*run, "created"], wrong)
    with pytest.raises(ValueError, match="'start' is not one of"):
        hook.main([*run, "start"], "{}")
    assert list(tmp_path.iterdir()) == []


def test_while_a_hook_runs_podman_is_not_asked(podman: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds the container's lock, and would wait for itself: not to find it, nor its neighbours, roots and ports."""
    hook.keep(f"{podman.root}/run", "web", (SAMPLE / "stdin-prestart.json").read_text())
    monkeypatch.setenv(hook.WITHIN, "1")
    one = podman.adapter("podman")
    assert one.find("web").running_name == ID
    assert one.find("db") is None
    assert (list(one.names()), list(one.roots()), list(one.claims()), one.running_name("web")) == (["web"], [], [], ID)
    assert podman.calls("podman") == []


def test_podmans_own_error_is_shown(podman: Host) -> None:
    podman.says("podman", {"ps -aq --no-trunc": [125, "", "Error: no storage\n"]})
    with pytest.raises(ConfigError, match="podman ps -aq: Error: no storage"):
        podman.adapter("podman").find("x")
