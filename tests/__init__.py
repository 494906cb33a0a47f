"""All tests: each file says what it needs, and each test's docstring is one sentence of behaviour."""
