"""Publication decides what goes out: drafts, responses to the UN, reports on the work, pages of the ministry's site.

It reads `jauap.publication.commands` and the other services' events, and alone writes `jauap.publication.events`.
"""
