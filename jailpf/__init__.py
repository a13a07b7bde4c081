"""jailpf: the firewall follows the jail."""

__version__ = "0.1.0"
