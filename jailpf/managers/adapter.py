"""What knows a jail manager: the base class of adapters, and all that jailpf asks of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jailpf.declare.settings import Settings
    from jailpf.managers.finding import Finding
    from jailpf.managers.hooks import FileHooks, JailConfHooks
    from jailpf.managers.imported import Imported
    from jailpf.managers.published import Published, Unread
    from jailpf.model import Jail
    from jailpf.values import Address


class Adapter:
    """A jail manager. jailpf creates one object per run and asks the adapters in the order of the settings.

    name: its name in `adapters = [...]`; keys: a `Keys` class for the table [managers.NAME] of jailpf.toml, with "_" for
    "."; own: the contents of that table; goes_on: whether a jail keeps running after its `created` has failed; jailpf then
    closes it. A method that is not overridden means that the manager does not support it, and jailpf says so.
    Methods may raise ConfigError (a file of the manager is broken, with a place), PermissionDeniedError, TryAgainError or
    PfUnavailableError (a program is missing).
    """

    name: ClassVar[str] = ""
    keys: ClassVar[type[Any] | None] = None
    goes_on: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.own: Any = settings.of_manager(self.name, self.keys) if self.keys else None
        self.adapters: Sequence[Adapter] = (self,)
        """All adapters that the settings name, in their order."""

    def find(self, name: str) -> Jail | None:
        """What this manager knows about the jail; None if it does not know it.

        `Jail.settled` is False when only the running jail can tell its addresses; jailpf asks it then, unless the
        declaration says them. `Jail.inputs` names the files and folders that the answer came from.
        """
        raise NotImplementedError

    def names(self) -> Iterable[str]:
        """The jails that this manager has, running or not."""
        return ()

    def roots(self) -> Iterable[str]:
        """The root folders of all its jails, running or not. Files that decide who gets in must not be inside one."""
        return [jail.path for name in self.names() if (jail := self.find(name)) is not None]

    def running_name(self, name: str) -> str:
        """The name of the jail in jls(8) while this manager runs it."""
        return name

    def watches(self, name: str) -> Iterable[str] | None:  # noqa: ARG002
        """The files and folders whose change may change what `find` says of the jail, also that it knows none, or `claims`.

        There or not, absolute. None: files do not tell; then every prestart asks the manager anew.
        """
        return None

    def hooks(self, jail: Jail) -> JailConfHooks | FileHooks | None:  # noqa: ARG002
        """Where and how the hook lines of a jail are written; None if they must be written by hand.

        jail: as `find` gave it, `settled` also where its declaration says its addresses.
        """
        return None

    def claims(self) -> Iterable[Published | Unread]:
        """What the manager itself publishes for its jails, running or not; Unread for a line that cannot be read."""
        return ()

    def fills(self) -> Mapping[str, Iterable[Address]]:
        """The tables of the main ruleset that this manager fills, with the addresses in them once its jails run.

        Only as far as that is sure: a table that is not named stays in doubt where pf cannot be asked.
        """
        return {}

    def import_(self, names: Sequence[str]) -> Iterable[Imported]:  # noqa: ARG002
        """Declarations for the rules that the manager has for these jails, or without names for all jails.

        Nothing is written. Raises NoJailError for a name that it does not have.
        """
        return ()

    def findings(self) -> Iterable[Finding]:
        """What `jailpf doctor` reports about this manager."""
        return ()

    @classmethod
    def offers(cls, method: str) -> bool:
        """Whether a method of Adapter is overridden."""
        return getattr(cls, method) is not getattr(Adapter, method)


def ask(adapters: Iterable[Adapter], name: str) -> tuple[Adapter, Jail] | None:
    """The first adapter that knows the jail, and what it knows. Raises what Adapter.find raises."""
    for adapter in adapters:
        if (jail := adapter.find(name)) is not None:
            return adapter, jail
    return None
