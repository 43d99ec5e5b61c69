"""The one error of this package."""


class PromqlError(Exception):
    """An expression cannot be parsed, is not supported, or has no result. The text is for the rule's author."""
