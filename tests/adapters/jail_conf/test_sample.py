"""jail.conf(5) with globals, a hook that is eaten, a dotted name, a file that stands alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jailpf.errors import ConfigError
from jailpf.managers.attach import attach

if TYPE_CHECKING:
    from stand_ins.host import Host

SAMPLE = Path(__file__).parent / "sample"
SAID = json.loads((SAMPLE / "expected.json").read_text())["jails"]


@pytest.mark.parametrize(("name", "said"), SAID.items(), ids=list(SAID))
def test_a_jail_is_known_and_its_missing_hooks_are_named(host: Host, name: str, said: dict[str, Any]) -> None:
    """Whatever globals, `=` and rc.d/jail's order of files make of it."""
    for file in SAMPLE.rglob("*.conf"):
        host.file(f"etc/{file.relative_to(SAMPLE)}", file.read_text().replace("/etc/", f"{host.root}/etc/"))
    one = host.adapter("jail.conf")
    jail = one.find(name)
    addresses = [str(address) for address in jail.addresses]
    assert addresses == [*said["ip4"], *said.get("ip6", [])]
    assert jail.vnet == said.get("vnet", False)
    if len(said["hooks"].get("created", "").split()) > 1:
        with pytest.raises(ConfigError, match="would run hook lines of jailpf twice"):
            attach([one], [name], dry_run=True)
        return
    (seen,) = attach([one], [name], dry_run=True)
    missing = {
        verb
        for verb in ("prestart", "created", "poststop")
        if any(f"nothing calls `jailpf {verb}" in each for each in seen.wrong)
    }
    assert bool(seen.changed) == bool(missing), "lines of the whole file are as good as those of a block"
    assert missing == {"prestart", "created", "poststop"} - set(said["hooks"])
