"""The one exception of templates, apart so that every module of the package can raise it."""


class TemplateError(Exception):
    """The author's failure. `offset` is the place in the template's text, in characters from 0."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
