"""The hooks that a plugin may implement. Implementations may take fewer arguments than the specification."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.declare.rules import RuleType
    from jailpf.declare.services import Services
    from jailpf.managers.adapter import Adapter
    from jailpf.model import Jail, Rule, Table

hookspec = pluggy.HookspecMarker("jailpf")
hookimpl = pluggy.HookimplMarker("jailpf")


@hookspec
def jailpf_rule_types() -> Iterable[type[RuleType]]:  # type: ignore[empty-body]
    """The rule types that this plugin brings. Called once, when the plugin is loaded."""


@hookspec
def jailpf_adapters() -> Iterable[type[Adapter]]:  # type: ignore[empty-body]
    """The adapters that this plugin brings, for the names in `adapters = [...]` of jailpf.toml."""


@hookspec
def jailpf_prestart(jail: Jail, services: Services) -> None:
    """Before a jail starts, after its rules were rendered and before pf is asked.

    Raise `jailpf.plugin.VetoError` (or any exception) to refuse the start: `prestart` then ends non-zero.
    """


@hookspec
def jailpf_created(jail: Jail, services: Services) -> Iterable[Rule | Table]:  # type: ignore[empty-body]
    """Rules and tables that no file declares, each time the jail's ruleset is made. They are checked like all others,
    and stand above the declared ones of their section.

    Called for created, load, reload and sync. An exception means that nothing is loaded.
    """


@hookspec
def jailpf_poststop(jail: Jail) -> None:
    """After a jail's rules and states are gone. `jail` is what was known when they were loaded.

    An exception is reported and changes nothing else.
    """
