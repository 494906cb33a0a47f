#!/bin/bash
# An empty PGDATA is initialised, and the scripts of /docker-entrypoint-initdb.d run once, on a server without network.
set -euo pipefail
shopt -s nullglob
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=peer --auth-host=scram-sha-256 >/dev/null
  pg_ctl --silent --wait --options "-c listen_addresses=''" start
  for script in /docker-entrypoint-initdb.d/*.sh; do bash "$script"; done
  pg_ctl --silent --wait --mode=fast stop
fi
exec "$@"
