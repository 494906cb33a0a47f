"""The system attacked on the real broker, and a judge that reads the log by itself: docs/how-to/attack-it.md."""
