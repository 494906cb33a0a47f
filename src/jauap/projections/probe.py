"""Whether a PostgreSQL answers; asked while it starts."""

import psycopg


def postgres_answers(conninfo: str, timeout: float) -> bool:
    """Whether a connection can be made and a statement runs, within about `timeout` seconds."""
    try:
        with psycopg.connect(conninfo, connect_timeout=max(1, round(timeout))) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.Error:
        return False
