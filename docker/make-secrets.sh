#!/bin/sh
# Writes docker/secrets/ once: passwords, the secret key, the sealer's Ed25519 key pair. Keep the folder out of version
# control and out of backups that the database's administrators can read. Needs openssl.
set -eu
cd "$(dirname "$0")"
[ ! -e secrets ] || { echo "docker/secrets exists already: nothing was written." >&2; exit 1; }
mkdir -m 700 secrets
for name in postgres_password owner_password app_password sealer_password auditor_password secret_key; do
    openssl rand -hex 32 | tr -d '\n' >"secrets/$name"
done
openssl genpkey -algorithm ed25519 -out secrets/ledger_key.pem
openssl pkey -in secrets/ledger_key.pem -pubout -out secrets/ledger_public_key.pem
chmod 644 secrets/*  # compose mounts them as they are, and the containers' user is not the host's; the folder is 700
