"""Golden logs: what a release wrote to the broker, byte for byte, and what it made of it. See README.md beside."""
