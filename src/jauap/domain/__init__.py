"""The decree as pure code: facts, commands, events, the case, working days, rules, findings, refusals.

Nothing here knows Kafka, PostgreSQL, files or the time of day: days and instants come in as arguments.
"""
