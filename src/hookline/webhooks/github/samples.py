"""GitHub's samples.

Shapes: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256

from hookline.core.samples import JsonObject, LeadsTo, Occasion, Sample, SampleBook, SampleEvent

_REPOSITORY = "octo/app"
_PAGE = f"https://github.com/{_REPOSITORY}"
_BRANCH = "main"


def sign(body: bytes, at: datetime, secret: bytes, /) -> Mapping[str, str]:
    """`X-Hub-Signature-256` over the body; GitHub signs no time."""
    del at
    return {"x-hub-signature-256": f"sha256={hmac.new(secret, body, sha256).hexdigest()}"}


def _user(login: str = "sample-person", number: int = 1001) -> JsonObject:
    return {"login": login, "id": number, "html_url": f"https://github.com/{login}", "type": "User"}


def _repository() -> JsonObject:
    return {
        "id": 501,
        "name": "app",
        "full_name": _REPOSITORY,
        "private": True,
        "html_url": _PAGE,
        "default_branch": _BRANCH,
        "owner": {"login": "octo", "id": 500, "type": "Organization"},
    }


def _written(occasion: Occasion, url: str) -> JsonObject:
    return {
        "body": occasion.text,
        "html_url": url,
        "user": _user(),
        "author_association": "MEMBER",
        "created_at": occasion.iso,
        "updated_at": occasion.iso,
    }


def _topic(occasion: Occasion, kind: str, *, asks: bool) -> JsonObject:
    number = occasion.number()
    topic = {"id": number, "number": number, "title": "Login test fails on Mondays", "state": "open"}
    quiet = {} if asks else {"body": "It fails every Monday."}
    return {**_written(occasion, f"{_PAGE}/{kind}/{number}"), **topic, **quiet}


def _pull_request(occasion: Occasion, *, asks: bool) -> JsonObject:
    branch: JsonObject = {"ref": "mondays", "sha": _commit(occasion), "repo": {"id": 501}}
    base: JsonObject = {"ref": _BRANCH, "sha": _commit(occasion), "repo": {"id": 501}}
    return {**_topic(occasion, "pull", asks=asks), "head": branch, "base": base}


def _comment(occasion: Occasion) -> JsonObject:
    number = occasion.number()
    return {**_written(occasion, f"{_PAGE}#comment-{number}"), "id": number}


def _commit(occasion: Occasion) -> str:
    return sha256(str(occasion.number()).encode()).hexdigest()[:40]


def _extras(occasion: Occasion) -> JsonObject:
    """What some actions tell besides."""
    agent = next(iter(sorted(occasion.source.bot_names)), occasion.handle)
    extras: Mapping[str, JsonObject] = {
        "assigned": {"assignee": _user(agent, 2001)},
        "edited": {"changes": {"body": {"from": "It fails."}}},
        "labeled": {"label": {"id": 7, "name": "agent"}},
        "review_requested": {"requested_reviewer": _user(agent, 2001)},
    }
    return extras.get(occasion.action, {})


def _delivery(event: str, occasion: Occasion, parts: JsonObject) -> Sample:
    number = occasion.number()
    document = {"action": occasion.action, **parts, "repository": _repository(), "sender": _user()}
    return Sample(
        {**document, **_extras(occasion)},
        {
            "user-agent": "GitHub-Hookshot/sample",
            "x-github-event": event,
            "x-github-delivery": f"{number % 2**32:08x}-5a3c-4e00-8000-{number:012x}",
        },
    )


def _issues(occasion: Occasion) -> Sample:
    return _delivery("issues", occasion, {"issue": _topic(occasion, "issues", asks=True)})


def _issue_comment(occasion: Occasion) -> Sample:
    issue = _topic(occasion, "issues", asks=False)
    return _delivery("issue_comment", occasion, {"issue": issue, "comment": _comment(occasion)})


def _pull(occasion: Occasion) -> Sample:
    return _delivery("pull_request", occasion, {"pull_request": _pull_request(occasion, asks=True)})


def _review(occasion: Occasion) -> Sample:
    review: JsonObject = {**_comment(occasion), "state": "commented", "submitted_at": occasion.iso}
    pull = _pull_request(occasion, asks=False)
    return _delivery("pull_request_review", occasion, {"review": review, "pull_request": pull})


def _review_comment(occasion: Occasion) -> Sample:
    pull = _pull_request(occasion, asks=False)
    parts: JsonObject = {"comment": _comment(occasion), "pull_request": pull}
    return _delivery("pull_request_review_comment", occasion, parts)


def _discussion(occasion: Occasion) -> Sample:
    return _delivery("discussion", occasion, {"discussion": _topic(occasion, "discussions", asks=True)})


def _discussion_comment(occasion: Occasion) -> Sample:
    topic = _topic(occasion, "discussions", asks=False)
    parts: JsonObject = {"comment": _comment(occasion), "discussion": topic}
    return _delivery("discussion_comment", occasion, parts)


def _push(occasion: Occasion) -> Sample:
    after = _commit(occasion)
    sample = _delivery(
        "push",
        occasion,
        {
            "ref": f"refs/heads/{_BRANCH}",
            "before": _commit(occasion),
            "after": after,
            "deleted": False,
            "compare": f"{_PAGE}/compare/{after[:12]}",
            "head_commit": {"id": after, "message": occasion.text, "timestamp": occasion.iso},
        },
    )
    del sample.document["action"]
    return sample


def _check_run(occasion: Occasion) -> Sample:
    number = occasion.number()
    run: JsonObject = {
        "id": number,
        "name": "tests",
        "head_sha": _commit(occasion),
        "status": "completed",
        "conclusion": "failure",
        "completed_at": occasion.iso,
        "html_url": f"{_PAGE}/runs/{number}",
        "check_suite": {"id": number, "head_branch": _BRANCH},
        "pull_requests": [],
    }
    return _delivery("check_run", occasion, {"check_run": run})


def _workflow_run(occasion: Occasion) -> Sample:
    number = occasion.number()
    run: JsonObject = {
        "id": number,
        "name": "CI",
        "head_sha": _commit(occasion),
        "head_branch": _BRANCH,
        "head_repository": {"id": 501},
        "status": "completed",
        "conclusion": "failure",
        "run_attempt": 1,
        "html_url": f"{_PAGE}/actions/runs/{number}",
        "pull_requests": [],
    }
    return _delivery("workflow_run", occasion, {"workflow_run": run, "workflow": {"id": 9, "name": "CI"}})


def _dispatch(occasion: Occasion) -> Sample:
    return _delivery("repository_dispatch", occasion, {"branch": _BRANCH, "client_payload": {}})


def _ping(occasion: Occasion) -> Sample:
    hook: JsonObject = {"type": "Repository", "id": 4711, "active": True, "events": ["*"]}
    sample = _delivery("ping", occasion, {"zen": "Keep it logically awesome.", "hook_id": 4711, "hook": hook})
    del sample.document["action"]
    return sample


def _asks(build: Callable[[Occasion], Sample], says: str, action: str) -> SampleEvent:
    return SampleEvent(build, LeadsTo.TASK, says, action)


def _wants_rule(build: Callable[[Occasion], Sample], says: str, action: str = "") -> SampleEvent:
    return SampleEvent(build, LeadsTo.NOTHING, f"{says}; a task only where a rule names it", action)


SAMPLES = SampleBook(
    {
        "check_run": _wants_rule(_check_run, "a check failed", "completed"),
        "discussion": _asks(_discussion, "a discussion is begun with a mention", "created"),
        "discussion_comment": _asks(_discussion_comment, "a discussion's comment mentions", "created"),
        "issue_comment": _asks(_issue_comment, "a comment mentions the agent", "created"),
        "issues": _asks(_issues, "an issue is opened with a mention", "opened"),
        "ping": SampleEvent(_ping, LeadsTo.REPLY, "the webhook was just set up"),
        "pull_request": _asks(_pull, "a pull request is opened with a mention", "opened"),
        "pull_request_review": _asks(_review, "a review mentions the agent", "submitted"),
        "pull_request_review_comment": _asks(_review_comment, "a comment on code mentions", "created"),
        "push": _wants_rule(_push, "commits were pushed"),
        "repository_dispatch": _wants_rule(_dispatch, "somebody's own event", "nightly"),
        "workflow_run": _wants_rule(_workflow_run, "a workflow failed", "completed"),
    },
    sign,
)
"""Every event of GitHub that is used."""
