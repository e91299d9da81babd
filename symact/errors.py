"""The one exception that a user of symact can cause."""

from __future__ import annotations


class Error(ValueError):
    """A wrong input: one sentence that names the thing and the reason, and a hint at what would be right.

    Every error that a user can cause is an instance of this class; anything else that leaves
    symact is a defect of symact.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message if hint is None else f"{message} ({hint})")
        self.message = message
        self.hint = hint
