#!/bin/sh
# Run once by the PostgreSQL image on an empty data folder: the same roles and privileges as everywhere else.
set -eu
password_of() { cat "/run/secrets/$1_password"; }

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres --file /gatekeeper/database_roles.sql
for role in owner app sealer auditor; do
    psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
        --set role="gk_$role" --set password="$(password_of $role)" <<'SQL'
ALTER ROLE :"role" PASSWORD :'password';
SQL
done
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres --command 'CREATE DATABASE gatekeeper OWNER gk_owner'
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname gatekeeper --file /gatekeeper/database_privileges.sql
