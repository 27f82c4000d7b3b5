#!/bin/bash
# Makes the topics that are not there, and says how they are kept; then sleeps, as a swarm starts anew what ends.
set -u
tool() { "/opt/kafka/bin/$1.sh" --bootstrap-server "$BROKERS" "${@:2}"; }

make() { # NAME
  until tool kafka-topics --create --if-not-exists --topic "$1" --partitions 1 --replication-factor "$REPLICAS"; do
    echo "$1: not yet" >&2
    sleep 5
  done
}

# Of each key the last word counts, for ever: consumers read these from the beginning.
for topic in nuvlabox notification-method subscription-config; do
  make "$topic"
  until tool kafka-configs --alter --entity-type topics --entity-name "$topic" --add-config cleanup.policy=compact; do sleep 5; done
done
# What is past is of no use after the broker's retention time.
for topic in event nuvlabox-status NOTIFICATIONS_S NOTIFICATIONS_EMAIL_S NOTIFICATIONS_SLACK_S NOTIFICATIONS_MQTT_S; do
  make "$topic"
done

touch /tmp/done
exec sleep infinity
