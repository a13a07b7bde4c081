"""What `jailpf import pfrule` reads. The jails themselves are jail(8)'s."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.plugin import Adapter, ConfigError, Imported, UsageError
from jailpf_adapters.pfrule.folder import Folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jailpf.plugin import Jail


class PfRuleFolders(Adapter):
    """Knows no jails: it reads folders of rules."""

    name = "pfrule"

    def find(self, name: str) -> Jail | None:  # noqa: ARG002
        """None: the jails are jail(8)'s."""
        return None

    def watches(self, name: str) -> Iterable[str]:  # noqa: ARG002
        """Nothing: it knows no jails."""
        return ()

    def import_(self, names: Sequence[str]) -> Iterable[Imported]:
        """One for each folder of rules, such as /data/dovecot/etc/pf.conf.d.

        Raises UsageError without a folder or for a name that is no jail's, ConfigError, PermissionDeniedError.
        """
        if not names:
            raise UsageError(
                "the folders to import are missing", None, "write jailpf import pfrule /data/*/etc/pf.conf.d"
            )
        return [self._imported(os.path.abspath(name), alone=len(names) == 1) for name in names]

    def _imported(self, folder: str, *, alone: bool) -> Imported:
        """One of several folders that cannot be read keeps nothing of the others."""
        found = Folder(self, folder)
        try:
            return found.imported()
        except ConfigError as wrong:
            if alone:
                raise
            return Imported(
                jail=found.jail, file=self.settings.jail_file(found.jail), text="", problems=tuple(wrong.problems)
            )
