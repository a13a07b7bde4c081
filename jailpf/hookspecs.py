"""The hooks that a plugin may implement. An implementation may leave out arguments."""

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
    """Return the plugin's rule types. Called once, when the plugin is loaded."""


@hookspec
def jailpf_adapters() -> Iterable[type[Adapter]]:  # type: ignore[empty-body]
    """Return the plugin's adapters. They are used if `adapters = [...]` in jailpf.toml names them."""


@hookspec
def jailpf_prestart(jail: Jail, services: Services) -> None:
    """Called before a jail starts, after its rules were rendered and before pf checks them.

    Raise `jailpf.plugin.VetoError` (or any exception) to refuse the start; `prestart` then ends with an error.
    """


@hookspec
def jailpf_created(jail: Jail, services: Services) -> Iterable[Rule | Table]:  # type: ignore[empty-body]
    """Return rules and tables beyond those that the jail's file declares. They are checked like all others, and come
    before the declared ones of their section.

    Called whenever the jail's rules are compiled, and so also for `render` and `diff`. After an exception nothing is loaded.
    """


@hookspec
def jailpf_poststop(jail: Jail) -> None:
    """Called after the rules and states of a jail were removed. `jail` is what was known when they were loaded.

    An exception is reported and changes nothing else.
    """
