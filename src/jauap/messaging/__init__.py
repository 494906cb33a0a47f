"""The log: envelope, chain, Avro, topics, the service loop.

The only folder that imports confluent_kafka and fastavro.
"""
