#!/bin/sh
# Writes the mail server into Nuvla's resource configuration/nuvla, once at each start; then sleeps.
set -u
work=${TMPDIR:-/tmp}
quoted() { printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"; }
settings() {
  printf '{"smtp-host": %s, "smtp-port": %s, "smtp-ssl": %s, "smtp-debug": false' "$(quoted "$SMTP_HOST")" "$SMTP_PORT" "$SMTP_SSL"
  [ -z "$SMTP_USER" ] || printf ', "smtp-username": %s' "$(quoted "$SMTP_USER")"
  [ -z "${SMTP_PASSWORD_FILE:-}" ] || printf ', "smtp-password": %s' "$(quoted "$(cat "$SMTP_PASSWORD_FILE")")"
  printf '}'
}

until settings | curl -sS -m 60 -o "$work/answer" -w '%{http_code}' -X PUT -H 'nuvla-authn-info: group/nuvla-admin' -H 'content-type: application/json' \
  --data-binary @- http://api:8200/api/configuration/nuvla >"$work/code" && grep -q '^20' "$work/code"
do
  echo "the mail server was refused:" "$(cat "$work/code")" "$(head -c 300 "$work/answer" 2>/dev/null)" >&2
  rm -f "$work/answer"
  sleep "${PAUSE:-15}"
done

# it holds the password
rm -f "$work/answer"
touch "$work/done"
exec sleep infinity
