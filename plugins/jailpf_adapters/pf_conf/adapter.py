"""What `jailpf import pf.conf FILE` reads. The jails themselves are their managers'."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.plugin import Adapter, Imported, UsageError
from jailpf_adapters.pf_conf.split import split

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jailpf.plugin import Jail


class PfConf(Adapter):
    """Knows no jails: it reads one file of rules, and knows by their addresses whose they are."""

    name = "pf.conf"

    def find(self, name: str) -> Jail | None:  # noqa: ARG002
        """None: the jails are their managers'."""
        return None

    def watches(self, name: str) -> Iterable[str]:  # noqa: ARG002
        """Nothing: it knows no jails."""
        return ()

    def import_(self, names: Sequence[str]) -> Iterable[Imported]:
        """One for each jail that a rule of the file is about, with what stays in the file.

        Raises UsageError for anything but one file, NoJailError where no manager knows a jail, ConfigError,
        PermissionDeniedError.
        """
        if len(names) != 1:
            raise UsageError("the pf.conf to import is missing", None, "write jailpf import pf.conf /etc/pf.conf")
        return split(self, os.path.abspath(names[0]))
