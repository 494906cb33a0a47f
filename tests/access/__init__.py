"""Who may do what, on the real broker."""
