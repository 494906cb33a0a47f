"""The whole system on one machine, without a container engine.

Installs what is missing into a shared cache, keeps all state in one folder, and starts,
watches, heals and stops Kafka, the schema registry, PostgreSQL, the services and the projector.
"""
