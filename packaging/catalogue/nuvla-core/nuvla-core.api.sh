#!/bin/sh
# Starts Nuvla's API server with its secrets. Shells do not pass a signal on: this one tells Java itself, so that the server ends in order.
set -eu
NUVLA_SUPER_PASSWORD=$(cat /run/secrets/super-password)
CREDENTIAL_ENCRYPTION_KEY=$(cat /run/secrets/credential-encryption-key)
export NUVLA_SUPER_PASSWORD CREDENTIAL_ENCRYPTION_KEY

trap 'kill -TERM $(pidof java) || true' TERM INT
/opt/nuvla/server/bin/start-api.sh &
server=$!
status=0
wait "$server" || status=$?
# a signal ends the wait, not the server
while kill -0 "$server" 2>/dev/null; do
  status=0
  wait "$server" || status=$?
done
exit "$status"
