# Makes Prometheus's file of users, in memory only, of the secret (USER:HASH, bcrypt), and becomes Prometheus.
set -eu
IFS=: read -r user hash </run/secrets/prometheus-users || true
case ${user:-}@${hash:-} in
    ?*@'$2'?'$'*) ;;
    *)
        echo "prometheus-users is not USER:HASH with a hash of bcrypt: not starting, as everybody could read" >&2
        exit 1
        ;;
esac
umask 077
printf "basic_auth_users:\n  '%s': '%s'\n" "$user" "$hash" >/run/prometheus/web.yml
exec /bin/prometheus "$@"
