"""Who gets in: the host as the simulated pf sees it, and the questions that are asked of it.

Here belong: the world (what is loaded or declared, with the interfaces and jails around it), and every question about it. Not here: how
pf decides (pf/simulated), and how answers are printed (cli).
"""

from __future__ import annotations
