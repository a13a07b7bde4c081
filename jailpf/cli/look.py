"""render, list, plugins: looking without asking pf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jailpf.cli import output
from jailpf.errors import JailpfError, NoJailError, PluginError

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.declare.rules import Service
    from jailpf.lifecycle.session import Session


def render(session: Session, options: Namespace) -> int:
    """Print the text of the jail's anchors; with more than one, each below its path."""
    from jailpf.lifecycle.prepare import prepare

    prepared = prepare(session, options.jail, created=True)
    if prepared is None:
        raise NoJailError(
            f"the addresses of {options.jail} are known only while it runs, and it is not running",
            None,
            "start it, or add ip4 to [jail]",
        )
    anchors = prepared.ruleset.anchors
    if options.json:
        texts = [{"anchor": anchor.path, "text": anchor.text} for anchor in anchors]
        output.as_json("render", jail=options.jail, anchors=texts)
        return 0
    for number, anchor in enumerate(anchors):
        if len(anchors) > 1:
            print(("\n" if number else "") + f"# {anchor.path}")
        print(anchor.text, end="")
    return 0


def list_jails(session: Session, options: Namespace) -> int:
    """One line for each declared jail."""
    if options.names:
        print("".join(f"{name}\n" for name in session.jails.declared()), end="")
        return 0
    if options.tables:
        tables = session.jails.services(options.tables).of("table")
        print("".join(f"{table.name}\n" for table in tables), end="")
        return 0
    rows: list[dict[str, Any]] = []
    wrongs: list[JailpfError] = []
    for name in session.jails.declared():
        row: dict[str, Any] = {
            "jail": name,
            "file": session.jails.file(name),
            "addresses": [],
            "services": [],
        }
        try:
            services = session.jails.services(name)
            row["services"] = [_service(service) for service in services.services]
            row["addresses"] = list(map(str, session.jails.find(name, services).addresses))
        except JailpfError as wrong:
            row["problems"] = [output.problem_json(problem) for problem in wrong.problems]
            wrongs.append(wrong)
        rows.append(row)
    if options.json:
        output.as_json("list", jails=rows)
    elif not rows:
        print(output.nothing_declared(session))
    else:
        lines = [
            (
                row["jail"],
                ", ".join(row["addresses"]) or "-",
                ", ".join(_short(service) for service in row["services"]) or "-",
            )
            for row in rows
        ]
        output.table(lines, ("JAIL", "ADDRESSES", "SERVICES"))
        output.problems(output.aside(session, wrongs))
    return wrongs[0].status if wrongs else 0


def _service(service: Service) -> dict[str, Any]:
    return {
        "name": service.name,
        "proto": "+".join(service.proto.names),
        "port": list(map(str, service.port)),
        "types": sorted(service.types),
    }


def _short(service: dict[str, Any]) -> str:
    ports = ",".join(service["port"])
    return f"{service['name']} {service['proto']}" + (f"/{ports}" if ports else "")


def plugins(session: Session, options: Namespace) -> int:
    """What is built in, what is installed, and which of that the settings name. Nothing unnamed is imported."""
    from jailpf.registry import build
    from jailpf.system.installed import entry_points

    registry = build(
        session.settings.plugins, forgiving=True, place=lambda number: session.settings.place("plugins", number)
    )
    rows: list[dict[str, Any]] = []
    brought: dict[str, list[str]] = {}
    for what, owner in registry.owners.items():
        brought.setdefault(owner, []).append(what)
    for owner, things in brought.items():
        rows.append(
            {
                "name": owner,
                "enabled": True,
                "brings": things,
                "from": "jailpf" if owner.startswith("jailpf's") else _distribution(entry_points().get(owner)),
            }
        )
    for name, entry in sorted(entry_points().items()):
        if name not in brought:
            rows.append(
                {
                    "name": name,
                    "enabled": name in session.settings.plugins,
                    "brings": [],
                    "from": _distribution(entry),
                }
            )
    if options.json:
        output.as_json("plugins", plugins=rows, problems=list(map(output.problem_json, registry.failed)))
    else:
        output.table(
            [(row["name"], "yes" if row["enabled"] else "no: not in `plugins`", ", ".join(row["brings"]) or "hooks", row["from"]) for row in rows],
            ("PLUGIN", "ENABLED", "BRINGS", "FROM"),
        )  # fmt: skip
        output.problems(registry.failed)
    return PluginError.status if registry.failed else 0


def _distribution(entry: Any) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry and entry.dist else "?"
