"""The statements of pf.conf(5), each by the module that knows its first word."""

from __future__ import annotations
