"""One packet: what the kernel holds (rulesets, tables, states), and what it does with a packet.

Here belong: matching, translation, states, limits, the way of a packet from interface to interface, and keeping all of it in a file. Not
here: sets of packets (reach).
"""

from __future__ import annotations
