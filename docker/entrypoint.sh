#!/bin/sh
# Completes database addresses with passwords from files, so that no password stands in the environment's file,
# then becomes the command. DATABASE_URL=postgresql://gk_app@postgres:5432/gatekeeper and
# DATABASE_PASSWORD_FILE=/run/secrets/app_password give postgresql://gk_app:<password>@postgres:5432/gatekeeper.
set -eu

complete() { # complete URL FILE
    printf '%s:%s@%s' "${1%%@*}" "$(cat "$2")" "${1#*@}"
}

for role in '' OWNER_ SEALER_; do
    eval "url=\${DATABASE_${role}URL:-} file=\${DATABASE_${role}PASSWORD_FILE:-}"
    if [ -n "$url" ] && [ -n "$file" ]; then
        export "DATABASE_${role}URL=$(complete "$url" "$file")"
    fi
done
exec "$@"
