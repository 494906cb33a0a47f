"""What the stack says when it cannot go on."""


class StackError(Exception):
    """What is wrong, in one sentence, and what a person can do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        """Both are whole sentences, written for somebody who does not know the code."""
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy
