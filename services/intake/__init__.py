"""Intake decides what comes in: letters, their corrections, later dates, the bodies' information, calendar acts.

It reads `jauap.intake.commands` and the other services' events, and alone writes `jauap.intake.events`.
"""
