"""Why a scrape failed, in words for the person who runs the target or its configuration."""


class ScrapeFailed(Exception):
    """The whole scrape is void: `up` is 0 and the target's series end.

    `scraped` and `kept` say how many samples it had, and how many of them relabelling left, where that is known.
    """

    def __init__(self, why: str, *, scraped: int = 0, kept: int = 0) -> None:
        super().__init__(why)
        self.scraped = scraped
        self.kept = kept
