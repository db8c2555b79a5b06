"""Issues, pull requests, reviews, discussions and what is written on them: one function per event."""

from hookline.domain.outcome import Outcome
from hookline.webhooks.github.closing import issue_closed_by
from hookline.webhooks.github.gestures import GESTURES, interpret_gesture
from hookline.webhooks.github.inbound import Inbound, Place
from hookline.webhooks.github.payloads import (
    DiscussionCommentEvent,
    DiscussionEvent,
    IssueCommentEvent,
    IssuesEvent,
    PullRequestEvent,
    ReviewCommentEvent,
    ReviewEvent,
)
from hookline.webhooks.github.writing import Writing, interpret_writing

AGENT_BRANCHES = "hookline/"
"""How the branches begin that agents push."""


def on_issues(inbound: Inbound) -> Outcome:
    """`issues`: opened, edited, deleted; labeled, assigned."""
    event = inbound.read(IssuesEvent)
    issue = event.issue
    place = Place(f"#{issue.number}", f"issue/{issue.number}", issue.html_url, issue.title)
    return _on_topic(inbound, Writing(event, issue, place, event.repository.default_branch))


def on_issue_comment(inbound: Inbound) -> Outcome:
    """`issue_comment`, on issues and pull requests: created, edited, deleted."""
    event = inbound.read(IssueCommentEvent)
    comment, issue = event.comment, event.issue
    place = Place(f"#{issue.number}", f"comment/{comment.id}", comment.html_url, issue.title)
    return interpret_writing(inbound, Writing(event, comment, place, event.repository.default_branch))


def on_pull_request(inbound: Inbound) -> Outcome:
    """`pull_request`: opened, edited; labeled, assigned, review_requested."""
    event = inbound.read(PullRequestEvent)
    pull = event.pull_request
    place = Place(f"#{pull.number}", f"pull_request/{pull.number}", pull.html_url, pull.title)
    return _on_topic(inbound, Writing(event, pull, place, pull.base.ref, _issue_joined(event)))


def on_review(inbound: Inbound) -> Outcome:
    """`pull_request_review`: submitted, edited."""
    event = inbound.read(ReviewEvent)
    review, pull = event.review, event.pull_request
    place = Place(f"#{pull.number}", f"review/{review.id}", review.html_url, pull.title)
    return interpret_writing(inbound, Writing(event, review, place, pull.base.ref))


def on_review_comment(inbound: Inbound) -> Outcome:
    """`pull_request_review_comment`: created, edited, deleted."""
    event = inbound.read(ReviewCommentEvent)
    comment, pull = event.comment, event.pull_request
    place = Place(f"#{pull.number}", f"review_comment/{comment.id}", comment.html_url, pull.title)
    return interpret_writing(inbound, Writing(event, comment, place, pull.base.ref))


def on_discussion(inbound: Inbound) -> Outcome:
    """`discussion`: created, edited, deleted; labeled."""
    event = inbound.read(DiscussionEvent)
    topic = event.discussion
    place = Place(f"@discussions/{topic.number}", f"discussion/{topic.number}", topic.html_url, topic.title)
    return _on_topic(inbound, Writing(event, topic, place, event.repository.default_branch))


def on_discussion_comment(inbound: Inbound) -> Outcome:
    """`discussion_comment`: created, edited, deleted."""
    event = inbound.read(DiscussionCommentEvent)
    comment, topic = event.comment, event.discussion
    place = Place(
        f"@discussions/{topic.number}", f"discussion_comment/{comment.id}", comment.html_url, topic.title
    )
    return interpret_writing(inbound, Writing(event, comment, place, event.repository.default_branch))


def _on_topic(inbound: Inbound, writing: Writing) -> Outcome:
    gesture = GESTURES.get(writing.event.action or "")
    if gesture is None:
        return interpret_writing(inbound, writing)
    return interpret_gesture(inbound, writing, gesture(writing.event))


def _issue_joined(event: PullRequestEvent) -> int | None:
    pull, repository = event.pull_request, event.repository
    is_from_agent = pull.head.ref.startswith(AGENT_BRANCHES)
    is_of_repository = pull.head.repo is not None and pull.head.repo.id == repository.id
    if event.action != "opened" or not (is_from_agent and is_of_repository):
        return None
    return issue_closed_by(pull.text, repository.full_name)
