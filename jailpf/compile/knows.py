"""Who is asked while rules are made: the host's settings, its jails, its rule types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jailpf.declare.rules import RuleType
    from jailpf.declare.settings import Settings
    from jailpf.model import Jail


class KnowsJails(Protocol):
    """Who is asked about the host and its other jails."""

    @property
    def settings(self) -> Settings:
        """The host's settings."""

    @property
    def registry(self) -> KnowsRuleTypes:
        """The rule types by keyword."""

    def find(self, name: str) -> Jail:
        """A jail by name. Raises NoJailError."""

    def file(self, name: str) -> str:
        """Where its declaration is, or would be."""

    def everybody(self) -> Iterable[str]:
        """The names of all jails."""

    @property
    def neighbours(self) -> Iterable[Jail]:
        """All jails whose addresses can be found."""

    def must_be_outside(self, file: str, *own: str) -> None:
        """Refuse a file in the root of any jail. Raises PermissionDeniedError."""


class KnowsRuleTypes(Protocol):
    """The registry, as compiling needs it."""

    @property
    def rule_types(self) -> Mapping[str, type[RuleType]]:
        """keyword -> rule type."""
