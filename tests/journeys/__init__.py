"""What nothing smaller can show: the whole system, by its command line."""
