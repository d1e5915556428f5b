"""What the control API answers when it was asked for something it cannot do."""


class Mistake(Exception):
    """A request that cannot be done, said in a sentence; asking again the same way will not help."""

    def __init__(self, sentence: str, *, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status
