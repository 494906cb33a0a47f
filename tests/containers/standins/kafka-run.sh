#!/bin/bash
# Mounted configuration and KAFKA_ variables become one file, the log folder is formatted, the server starts.
set -euo pipefail
run() { java ${KAFKA_HEAP_OPTS:-} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn ${KAFKA_OPTS:-} -cp '/opt/kafka/libs/*' "$@"; }
# What is not said the official image sets by itself, and whatever a mounted file says of it is lost.
for name in CLUSTER_ID KAFKA_NODE_ID KAFKA_PROCESS_ROLES KAFKA_LISTENERS KAFKA_ADVERTISED_LISTENERS KAFKA_LOG_DIRS \
  KAFKA_LISTENER_SECURITY_PROTOCOL_MAP KAFKA_INTER_BROKER_LISTENER_NAME KAFKA_CONTROLLER_LISTENER_NAMES \
  KAFKA_CONTROLLER_QUORUM_VOTERS KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR KAFKA_TRANSACTION_STATE_LOG_MIN_ISR \
  KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS; do
  [ -n "${!name:-}" ] || { echo "$name is not set" >&2; exit 1; }
done
config=/opt/kafka/config
told=$(run kafka.docker.KafkaDockerWrapper setup -D /etc/kafka/docker -M /mnt/shared/config -F $config 2>&1) ||
  grep -qi "already formatted" <<<"$told" || { echo "$told" >&2; exit 1; }
exec java ${KAFKA_HEAP_OPTS:-} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
  ${KAFKA_OPTS:-} -cp '/opt/kafka/libs/*' kafka.Kafka $config/server.properties
