"""Whole tables, to be compared and damaged."""

from jauap.projections.database import Connection, Row
from jauap.projections.models import NAMES


def tables(connection: Connection) -> dict[str, list[Row]]:
    """Every row of every read model."""
    return {name: sorted(connection.execute(f"TABLE {name}".encode()).fetchall(), key=repr) for name in NAMES}


def everything(connection: Connection) -> dict[str, list[Row]]:
    """Every row of every read model, and the folded cases."""
    states = connection.execute(b"SELECT * FROM case_state ORDER BY case_id").fetchall()
    return {**tables(connection), "case_state": states}


def damage(connection: Connection, name: str) -> None:
    """Take rows out of a table by hand, and give others to a case that does not exist."""
    connection.execute(f"DELETE FROM {name} WHERE case_id > 'KAZ-5-2026'".encode())  # noqa: S608 - a name of ours
    connection.execute(f"UPDATE {name} SET case_id = 'FORGED' WHERE case_id = 'KAZ-3-2026'".encode())  # noqa: S608


def end_other_sessions(connection: Connection) -> None:
    """Throw everybody else out of this database, as an operator or a restart does."""
    connection.execute(
        b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s",
        (connection.info.dbname, connection.info.backend_pid),
    )
