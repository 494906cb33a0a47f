"""What a person or a program asks of the system, from a terminal."""
