"""A container in the three forms that it is told of: `podman inspect`, an OCI config.json, a hook's standard input."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "org.jailpf.name"
"""The annotation that names the jail's declaration, and that the hooks ask for."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """id: 64 hexadecimal digits; name: of its declaration; jid: 0 where it is not told; ports: `podman inspect`'s own."""

    id: str
    name: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""

    @property
    def jid(self) -> int:
        """The jail's number while it runs."""
        said = self.annotations.get("org.freebsd.jail.jid", "")
        return int(said) if said.isdigit() else 0

    @property
    def parent(self) -> str:
        """The jail that has its network (before FreeBSD 13.3), or ""."""
        return self.annotations.get("org.freebsd.parentJail", "")

    @property
    def running_name(self) -> str:
        """What jls(8) calls it."""
        if not self.id:
            return self.name  # `precreate`: nobody has given it one yet
        return f"{self.parent}.{self.id}" if self.parent else self.id

    @property
    def vnet(self) -> bool:
        """Whether it has a network stack of its own, or its parent has."""
        return bool(self.parent) or self.annotations.get("org.freebsd.jail.vnet") == "new"

    @property
    def parameters(self) -> dict[str, tuple[str, ...]]:
        """The parameters of jail(8) that its annotations are."""
        found: dict[str, tuple[str, ...]] = {
            key: (self.annotations[f"org.freebsd.jail.{key}"],)
            for key in ("ip4.addr", "ip6.addr")
            if f"org.freebsd.jail.{key}" in self.annotations
        }
        return {**found, "vnet": ()} if self.vnet else found


def of_json(text: str, name: str = "", ident: str = "") -> Container:
    """From config.json, or what a hook is given. name, ident: where it does not say them. Raises ValueError."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("it must be a JSON object")
    annotations = _words(found.get("annotations"))
    root = found.get("root")
    path = str(root.get("path", "")) if isinstance(root, dict) else ""
    return Container(
        id=str(found.get("id") or ident), name=annotations.get(NAME, name), annotations=annotations, path=path
    )


def of_inspect(found: Mapping[str, Any]) -> Container:
    """From an entry of `podman inspect`."""
    config = found.get("Config") or {}
    annotations = _words(config.get("Annotations"))
    return Container(
        id=str(found["Id"]), name=annotations.get(NAME) or str(found.get("Name") or ""), annotations=annotations,
        ports=(found.get("HostConfig") or {}).get("PortBindings") or {}, path=str(found.get("Rootfs") or ""),
    )  # fmt: skip


def _words(raw: object) -> dict[str, str]:
    return {str(key): str(value) for key, value in raw.items()} if isinstance(raw, dict) else {}
