"""The decree as pure code."""
