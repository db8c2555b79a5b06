"""The issue that a pull request closes by its text.

Source: https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue
"""

import re

from hookline.webhooks.github.markdown import read_markdown

_CLOSING = re.compile(
    r"(?<![\w-])(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?[ \t]{1,4}"
    r"(?:([\w.-]{1,100}/[\w.-]{1,100}))?#([1-9]\d{0,9})(?!\w)",
    re.IGNORECASE | re.ASCII,
)


def issue_closed_by(text: str, repository: str) -> int | None:
    """The first issue of this very repository that the text closes, outside code and quotations."""
    for match in _CLOSING.finditer(read_markdown(text).shadow):
        named = match.group(1)
        if named is None or named.lower() == repository.lower():
            return int(match.group(2))
    return None
