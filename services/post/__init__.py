"""Post tells people of open alerts by e-mail and webhook, and has each delivery recorded by *deadlines*.

It reads the read model `alerts` and the directory, and acts only when both are as the log is.
"""
