"""Documents and schemas over HTTP, for the bodies that have access and for our own tools.

A body may put any document, and get those that an item on its own feed, or on the public one, names.
"""
