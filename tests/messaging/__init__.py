"""The chain and the loop."""
