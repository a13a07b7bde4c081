"""The life of a jail: prestart, created, poststop, and sync. One file for each verb."""

from __future__ import annotations
