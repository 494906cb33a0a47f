"""Faults done on purpose to a running system: its links, its log, its processes."""
