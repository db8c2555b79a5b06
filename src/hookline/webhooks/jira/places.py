"""Where in Jira something happened: lane, conversation, origins, versions and addresses."""

import re
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote

from hookline.core.keys import KeySpace
from hookline.domain.frozen import frozen
from hookline.domain.text import clean
from hookline.webhooks.jira.payloads import Comment, Issue, JiraEvent, RichText

_SITE = re.compile(
    r"(https?://(?!api\.atlassian\.com/)[^\s/?#\\@]{1,255}(?:/[A-Za-z0-9_.~-]{1,64}){0,4}?)/rest/"
)


@frozen
class Place:
    """The issue a delivery speaks of, as keys; empty where the payload does not say which."""

    keys: KeySpace
    issue: Issue | None

    @property
    def key(self) -> str | None:
        """The issue's key (`PROJ-1`)."""
        return self.issue.key if self.issue else None

    @property
    def lane(self) -> str | None:
        """The lane: the issue's project."""
        fields = self.issue.fields if self.issue else None
        named = fields.project.key if fields and fields.project else None
        project = named or (self.key.rpartition("-")[0] if self.key else None)
        return self.keys.lane(project) if project else None

    @property
    def conversation(self) -> str | None:
        """The conversation: the issue."""
        return self.keys.conversation(self.key) if self.key else None

    def origin(self, *part: str) -> str | None:
        """The origin of a part of the issue (`comment`, `10010`), by its id: a move changes the key."""
        known = (self.issue.id or self.key) if self.issue else None
        return self.keys.origin(f"{known}:{'/'.join(part)}") if known else None

    def url(self, comment: Comment | None = None) -> str | None:
        """The page of the issue or of one of its comments, where the REST address tells the site."""
        site = _SITE.match(self.issue.self_url or "") if self.issue else None
        if site is None or self.key is None:
            return None
        focus = f"?focusedCommentId={quote(comment.id, safe='')}" if comment else ""
        return f"{site.group(1)}/browse/{quote(self.key)}{focus}"

    def subject(self, *version: str) -> str:
        """The dedupe key of a version of the issue."""
        known = (self.issue.id or self.key) if self.issue else None
        return self.keys.subject("issue", known or "", *version)


def comment_subject(keys: KeySpace, comment: Comment) -> str:
    """The dedupe key of an edited comment as of its last edit; twins of one edit share it.

    Comment ids are unique in a site. The time is compared as an instant, since twins may write it in
    different time zones; without one the text itself is the version.
    """
    version = _instant(comment.updated) if comment.updated else _digest(comment.body)
    return keys.subject("comment", comment.id, version)


def change_version(event: JiraEvent) -> str:
    """The version that an update made: the changelog's id, else the time of the update."""
    changelog_id = event.changelog.id if event.changelog else None
    return changelog_id or event.fields.updated or event.timestamp or ""


def _instant(written: str) -> str:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return written
    return str(round(moment.timestamp() * 1000)) if moment.tzinfo else written


def _digest(text: RichText) -> str:
    written = text if isinstance(text, str) else text.model_dump_json() if text else ""
    return sha256(clean(written).encode()).hexdigest()
