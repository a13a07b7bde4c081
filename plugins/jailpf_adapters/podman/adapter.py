"""Podman's containers: `podman inspect`, and while a hook runs the state that it was given."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.plugin import (
    AbsolutePath,
    Adapter,
    ConfigError,
    FileHooks,
    HookFile,
    Imported,
    JailName,
    Keys,
    Place,
    ask_program,
    hook_command,
    importing,
    jailconf,
    key,
    listed,
    read_text,
)
from jailpf_adapters.podman import published
from jailpf_adapters.podman.container import NAME, Container, of_inspect, of_json
from jailpf_adapters.podman.hook import WITHIN, state_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jailpf.plugin import Jail, Published, Unread

WEAK = f"""ocijail ignores the exit status of hooks; only Podman's `precreate` can refuse a start, and only for containers \
with --annotation {NAME}=NAME"""
STAGES = {
    "50-jailpf-precreate": ("precreate", "prestart"),
    "50-jailpf": ("prestart", "created"),
    "51-jailpf": ("poststop", "poststop"),
}
OPTIONS = ("-c", "--run", "--plans")
FRONT = """\
#!/bin/sh
# What jailpf's hooks of hooks_dir run: `jailpf attach` made it, `jailpf detach` takes it away.
exec {command} -m jailpf_adapters.podman.hook "$@"
"""


class PodmanKeys(Keys):
    """[managers.podman]."""

    program: str = key(AbsolutePath, "The path of podman.", default="/usr/local/bin/podman")
    hooks_dir: str = key(
        AbsolutePath, "A folder of `hooks_dir` in containers.conf.", default="/usr/local/etc/containers/oci/hooks.d"
    )
    front: str = key(
        AbsolutePath, "The path for the program that the hooks run.", default="/usr/local/libexec/jailpf/oci-hook"
    )


class Podman(Adapter):
    """A container is declared under the name in its annotation, else under its own. Addresses: when it runs."""

    name = "podman"
    keys = PodmanKeys
    goes_on = True
    own: PodmanKeys
    _all: dict[str, Container] | None = None

    def find(self, name: str) -> Jail | None:
        """The container; see Adapter.find."""
        one = self._of_hook(name) or self._containers().get(name)
        if one is None:
            return None
        jail = jailconf.jail_of(name, one.running_name, one.parameters, "podman", self.name)
        return replace(jail, path=one.path, settled=bool(jail.addresses), inputs=(state_file(self.settings.run, name),))

    def names(self) -> Iterable[str]:
        """All containers, running or not."""
        return list(self._containers())

    def roots(self) -> Iterable[str]:
        """Where the file systems of those that are mounted lie."""
        return [one.path for one in self._containers().values() if one.path]

    def running_name(self, name: str) -> str:
        """The container's identifier."""
        one = self._containers().get(name)
        return one.running_name if one else name

    def hooks(self, jail: Jail) -> FileHooks | None:  # noqa: ARG002
        """Three files in hooks_dir and the program that they call: for all containers that have the annotation."""
        command, _ = self._command("created")
        files = [_whole(self.own.front, FRONT.format(command=command), 0o755)]
        files += [
            _whole(f"{self.own.hooks_dir}/{file}.json", self._hook(stage, verb))
            for file, (stage, verb) in STAGES.items()
        ]
        return FileHooks(files=tuple(files), weak=WEAK)

    def claims(self) -> Iterable[Published | Unread]:
        """The ports that `podman run -p` was told."""
        for one in self._containers().values():
            yield from published.of_bindings(one, Place(f"podman inspect {one.name}"))

    def import_(self, names: Sequence[str]) -> Iterable[Imported]:
        """One for each container that publishes ports."""
        for name, found in importing.published_by(self, names, "podman ps -a").items():
            heading = [
                f"Imported from `podman inspect {name}` by `jailpf import {self.name}`.",
                "Create the container without -p, or both publish.",
            ]
            yield importing.declared(self, name, found, heading=heading)

    def _hook(self, stage: str, verb: str) -> str:
        _, options = self._command(verb)
        hook = {
            "version": "1.0.0",
            "hook": {"path": self.own.front, "args": ["oci-hook", *options, verb]},
            "when": {"annotations": {"^" + NAME.replace(".", r"\.") + "$": ".+"}},
            "stages": [stage],
        }
        return json.dumps(hook, indent=1) + "\n"

    def _command(self, verb: str) -> tuple[str, list[str]]:
        """What runs jailpf, and its options."""
        words = hook_command(self.settings, verb, "x").split()[:-2]
        at = next((at for at, word in enumerate(words) if word in OPTIONS), len(words))
        return " ".join(words[:at]), words[at:]

    def _of_hook(self, name: str) -> Container | None:
        try:
            file = state_file(self.settings.run, JailName.parse(name))
        except ValueError:
            return None
        if not os.path.isfile(file):
            return None
        try:
            return of_json(read_text(file))
        except ValueError as wrong:
            raise ConfigError(f"not the state of a container: {wrong}", Place(file)) from None

    def _containers(self) -> dict[str, Container]:
        if self._all is None:
            self._all = {}
            if os.environ.get(WITHIN):
                names = [
                    file.removesuffix(".json")
                    for file in listed(f"{self.settings.run}/podman")
                    if file.endswith(".json")
                ]
                found = [one for name in names if (one := self._of_hook(name))]
                self._all = {one.name: one for one in found}
            elif os.path.exists(self.own.program):
                idents = self._podman("ps", "-aq", "--no-trunc").split()
                said = json.loads(self._podman("inspect", "--type", "container", *idents) or "[]") if idents else []
                self._all = {one.name: one for one in map(of_inspect, said)}
        return self._all

    def _podman(self, *words: str) -> str:
        answer = ask_program(self.own.program, *words)
        if answer.status:
            raise ConfigError(f"podman {' '.join(words[:2])}: {answer.err.strip() or answer.status}")
        return answer.out


def _whole(path: str, text: str, mode: int = 0o644) -> HookFile:
    """A file that is all ours."""

    def attached(_now: str | None) -> str:
        return text

    def detached(_now: str | None, _before: str | None) -> None:
        return None

    return HookFile(path=path, attached=attached, detached=detached, mode=mode, folder=mode == 0o755)
