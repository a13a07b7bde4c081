"""The jails that are declared for jailpf, as an inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: jails
short_description: The jails of this host that are declared for jailpf
description:
  - Asks C(jailpf list --json) where the inventory is read, and makes a host of each jail, in the group C(jails).
  - Each has the variables C(jailpf_addresses), C(jailpf_file) and C(jailpf_services).
options:
  plugin:
    description: jailpf.jailpf.jails
    required: true
    choices: [jailpf.jailpf.jails]
  program:
    description: Where jailpf is.
    type: path
    default: /usr/local/bin/jailpf
  settings:
    description: Where jailpf.toml is.
    type: path
    default: /usr/local/etc/jailpf/jailpf.toml
"""

EXAMPLES = r"""
# jails.jailpf.yml
plugin: jailpf.jailpf.jails
"""

import json
import subprocess

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin


class InventoryModule(BaseInventoryPlugin):
    """`plugin: jailpf.jailpf.jails` in a file that ends in .jailpf.yml."""

    NAME = "jailpf.jailpf.jails"

    def verify_file(self, path: str) -> bool:
        """Only files that are called so."""
        return super().verify_file(path) and path.endswith((".jailpf.yml", ".jailpf.yaml"))

    def parse(self, inventory: object, loader: object, path: str, cache: bool = True) -> None:
        """Fill the inventory. Raises AnsibleParserError when jailpf fails."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        words = [self.get_option("program"), "-c", self.get_option("settings"), "list", "--json"]
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as wrong:
            raise AnsibleParserError(f"{' '.join(words)}: {getattr(wrong, 'stderr', '') or wrong}") from None
        self.inventory.add_group("jails")
        for jail in json.loads(done.stdout)["jails"]:
            self.inventory.add_host(jail["jail"], group="jails")
            if jail.get("addresses"):
                self.inventory.set_variable(jail["jail"], "ansible_host", jail["addresses"][0])
            for name in ("addresses", "file", "services"):
                self.inventory.set_variable(jail["jail"], f"jailpf_{name}", jail.get(name))
