"""ALTQ: queues, their options and curves, and how they print. Nothing here decides who gets in."""

from __future__ import annotations
