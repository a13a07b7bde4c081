"""What knows a jail manager: the base class of adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.declare.settings import Settings
    from jailpf.model import Jail


class Adapter:
    """One jail manager. `jailpf` makes one object per run and asks the adapters in the order of the settings.

    name: as in `adapters = [...]`. Methods may raise ConfigError (the manager's files are broken, with a place) or
    PfUnavailableError (a program is missing).
    """

    name: ClassVar[str] = ""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def find(self, name: str) -> Jail | None:
        """What this manager knows of the jail, None when it does not know it.

        `Jail.settled` is False when only the running jail can tell its addresses; jailpf asks it then, unless the
        declaration says them. `Jail.inputs` names the files and folders that the answer came from.
        """
        raise NotImplementedError

    def names(self) -> Iterable[str]:
        """The jails that this manager has, running or not."""
        return ()

    def roots(self) -> Iterable[str]:
        """The root folders of all its jails, running or not: no file that decides who gets in may lie in one."""
        return [jail.path for name in self.names() if (jail := self.find(name)) is not None]

    def running_name(self, name: str) -> str:
        """What jls(8) calls the jail when this manager runs it."""
        return name
