"""The read models: rows that answer questions, derived from the log alone. The only folder that imports psycopg.

Rows of a case are pure functions of its fold, rows of history of one record each, so that every order in which
the four topics may be read gives the same tables. PostgreSQL can be dropped at any time.
"""
