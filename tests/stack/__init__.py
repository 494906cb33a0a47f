"""Tests of the stack: real processes, real Kafka, registry and PostgreSQL."""
