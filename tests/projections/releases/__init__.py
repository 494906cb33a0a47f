"""The database of each release: what the tests of the next one start beside."""
