#!/bin/bash
# Mounted configuration and KAFKA_ variables become one file, the log folder is formatted, the server starts.
set -euo pipefail
run() { java ${KAFKA_HEAP_OPTS:-} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn ${KAFKA_OPTS:-} -cp '/opt/kafka/libs/*' "$@"; }
config=/opt/kafka/config
told=$(run kafka.docker.KafkaDockerWrapper setup -D /etc/kafka/docker -M /mnt/shared/config -F $config 2>&1) ||
  grep -qi "already formatted" <<<"$told" || { echo "$told" >&2; exit 1; }
exec java ${KAFKA_HEAP_OPTS:-} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
  ${KAFKA_OPTS:-} -cp '/opt/kafka/libs/*' kafka.Kafka $config/server.properties
