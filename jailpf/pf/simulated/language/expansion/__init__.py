"""From a statement to the rules that pf keeps: lists, pools, and what does not go together."""

from __future__ import annotations
