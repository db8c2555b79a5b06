"""Where people ask, in GitHub and in Jira: each place by the name that its lane has."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from signed_webhooks import Webhook, github, jira, load

FOLDING_LANE = "github:acme/folding"
"""Where the rule of the town folds follow-ups."""

LATER = "2030-01-01T00:00:00Z"
JIRA_EVENTS = {"created": "comment_created__mention", "deleted": "comment_deleted__mention"}


@dataclass(frozen=True)
class Comment:
    """A comment in an issue of a place; `action` is `created` or `deleted`, in GitHub also `edited`."""

    number: int
    lane: str
    issue: int
    text: str
    action: str = "created"

    @property
    def conversation(self) -> str:
        """The key of its conversation."""
        return f"{self.lane}{_way_of(self.lane).before_issue}{self.issue}"

    @property
    def origin(self) -> str:
        """How its task names where it came from."""
        return f"{_way_of(self.lane).where(self)}:comment/{self.number}"

    def posted(self) -> Webhook:
        """What its provider sends, as a delivery of its own."""
        return _way_of(self.lane).posted(self)


@dataclass(frozen=True)
class _Way:
    before_issue: str
    where: Callable[[Comment], str]
    posted: Callable[[Comment], Webhook]


def _of_github(comment: Comment) -> Webhook:
    payload = load("github", "issue_comment__mention")
    payload["action"] = comment.action
    payload["comment"].update({"id": comment.number, "body": comment.text})
    if comment.action == "edited":
        payload["comment"]["updated_at"] = LATER
        payload["changes"] = {"body": {"from": "@agent fix it"}}
    payload["issue"].update({"number": comment.issue, "id": 1000 + comment.issue})
    repository = comment.lane.partition(":")[2]
    owner, _, name = repository.partition("/")
    payload["repository"].update({"full_name": repository, "name": name, "id": 500 + len(repository)})
    payload["repository"]["owner"]["login"] = owner
    return github("issue_comment", json.dumps(payload).encode(), delivery=str(uuid.uuid4()))


def _id_of(comment: Comment) -> str:
    return str(10_000 + comment.issue)


def _of_jira(comment: Comment) -> Webhook:
    payload = load("jira", JIRA_EVENTS[comment.action])
    payload["comment"].update({"id": str(comment.number), "body": comment.text})
    key = comment.lane.partition(":")[2]
    payload["issue"].update({"key": f"{key}-{comment.issue}", "id": _id_of(comment)})
    payload["issue"]["fields"]["project"]["key"] = key
    return jira(json.dumps(payload).encode(), identifier=str(uuid.uuid4()))


_WAYS: Mapping[str, _Way] = {
    "github": _Way("#", lambda comment: comment.lane, _of_github),
    "jira": _Way("-", lambda comment: f"jira:{_id_of(comment)}", _of_jira),
}


def _way_of(lane: str) -> _Way:
    return _WAYS[lane.partition(":")[0]]
