"""The contract: schemas, releases, examples, topics, bytes and partitions, as other people's programs rely on them."""
