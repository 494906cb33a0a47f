#!/bin/bash
# Runs once, when the database is made: who owns the tables, who may read them, and the registry's own database.
set -euo pipefail
secret() { tr -d '\n' <"/secrets/$1.password"; }
psql --quiet --username postgres --dbname postgres --set ON_ERROR_STOP=1 <<EOSQL
CREATE ROLE jauap LOGIN PASSWORD '$(secret database)';
CREATE ROLE jauap_reader LOGIN PASSWORD '$(secret database-reader)';
CREATE ROLE registry LOGIN PASSWORD '$(secret registry)';
CREATE DATABASE jauap OWNER jauap TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
CREATE DATABASE registry OWNER registry TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE jauap, registry, postgres FROM PUBLIC;
GRANT CONNECT ON DATABASE jauap TO jauap_reader;
EOSQL
