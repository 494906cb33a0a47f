"""The projector turns the log into read models: it decides nothing, and nobody but it writes to PostgreSQL.

It reads the four events topics. Its positions stand in PostgreSQL, in the transaction that holds the rows.
"""
