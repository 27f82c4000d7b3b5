# Makes Prometheus's file of users, in memory only, of the secret (USER:HASH, bcrypt), and becomes Prometheus.
set -eu
users=${PROMETHEUS_USERS:-/run/secrets/prometheus-users}
web=${PROMETHEUS_WEB:-/run/prometheus/web.yml}
IFS=: read -r user hash <"$users" || true
case ${user:-}@${hash:-} in
    ?*@'$2'?'$'*) ;;
    *)
        echo "prometheus-users is not USER:HASH with a hash of bcrypt: not starting, as everybody could read" >&2
        exit 1
        ;;
esac
umask 077
printf "basic_auth_users:\n  '%s': '%s'\n" "$user" "$hash" >"$web"
exec /bin/prometheus "$@"
