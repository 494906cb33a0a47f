"""jauap: system of record for letters from the special procedures of the UN Human Rights Council."""
