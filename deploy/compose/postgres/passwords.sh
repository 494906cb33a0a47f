#!/bin/bash
# Gives PostgreSQL's logins the passwords that stand in their files now: docs/how-to/rotate-secrets.md.
set -euo pipefail
for role in postgres:postgres jauap:database jauap_reader:database-reader registry:registry; do
  echo "ALTER ROLE ${role%%:*} PASSWORD '$(tr -d '\n' <"/secrets/${role##*:}.password")';"
done | psql --quiet --username postgres --dbname postgres --set ON_ERROR_STOP=1
echo "The logins have the passwords of their files."
