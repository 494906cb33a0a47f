"""Liaison writes what other bodies and the public read, and is intake's doorman for what bodies submit.

It folds the four events topics, alone writes `jauap.feed.<body>` and `jauap.public`, reads `jauap.submit.<body>`, and
issues what it lets in again as commands on `jauap.intake.commands`.
"""
