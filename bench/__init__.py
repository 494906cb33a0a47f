"""The figures: how fast the system is, next to what is possible on the same machine in the same run.

It measures from outside: the processes as they are started, and the public functions that they are made of.
"""
