"""From a jail and its declarations to the text of its anchors.

Here belong: collecting the rules of all rule types, giving them their anchors, printing them as pf.conf(5) text, and the claims that
they make outside. Not here: reading TOML (declare), loading anything (lifecycle), what pf holds (pf).
"""

from __future__ import annotations
