"""Routing decides what goes between bodies: forwardings, the Ombudsman's copy, returned information, meetings.

It reads `jauap.routing.commands` and the other services' events, and alone writes `jauap.routing.events`.
"""
