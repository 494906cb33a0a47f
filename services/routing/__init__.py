"""Routing decides what goes between bodies, from forwardings to meetings, and who at the MFA is responsible.

It reads `jauap.routing.commands` and the other services' events, and alone writes `jauap.routing.events`.
"""
