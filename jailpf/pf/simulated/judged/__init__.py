"""The main ruleset, judged by what it does to the rules in certain anchors.

Here belong: the packets that two rules both speak of, and what follows from where the rules stand. Not here: words for people (doctor).
"""

from __future__ import annotations
