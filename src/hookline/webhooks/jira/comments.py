"""Comments: written, edited, deleted; told by `comment_*` events and by their `jira:issue_updated` twins."""

from hookline.domain.outcome import Facts, Ignored, Outcome, Reason, Trigger, Withdraw, Withdrawal
from hookline.webhooks.jira.case import Case, Proposal
from hookline.webhooks.jira.payloads import Account, Comment
from hookline.webhooks.jira.people import loop_reason
from hookline.webhooks.jira.places import comment_subject


def comment_written(case: Case) -> Outcome:
    """A new comment asks when it mentions the agent."""
    comment = case.need_comment()
    return _speech(case, comment, comment.author, is_edit=False)


def comment_edited(case: Case) -> Outcome:
    """An edited comment asks anew or asks no longer; its editor is the one who asks."""
    comment = case.need_comment()
    return _speech(case, comment, comment.update_author or comment.author, is_edit=True)


def comment_deleted(case: Case) -> Outcome:
    """A deleted comment asks no longer; Data Center may not tell which one it was."""
    comment = case.event.comment
    if comment is None:
        return Ignored(
            case.facts(case.event.user, "comment"), Reason.ACTION_NOT_USED, "no comment in the payload"
        )
    actor = case.event.user or comment.author
    facts = _facts(case, comment, actor)
    if reason := loop_reason(case.ours, actor, comment.author):
        return Ignored(facts, reason)
    return _withdrawn(case, facts, Withdrawal.DELETED, case.keys.subject("comment", comment.id, "deleted"))


def comment_of_update(case: Case) -> Outcome:
    """A comment in an update that does not name its kind: new where its two times agree."""
    comment = case.need_comment()
    is_new = comment.updated is None or comment.updated == comment.created
    return comment_written(case) if is_new else comment_edited(case)


def _speech(case: Case, comment: Comment, asker: Account | None, *, is_edit: bool) -> Outcome:
    facts = _facts(case, comment, asker)
    if reason := loop_reason(case.ours, asker, comment.author):
        return Ignored(facts, reason)
    if facts.conversation is None:
        return Ignored(facts, Reason.NO_CONVERSATION)
    command = case.reader.command(comment.body)
    first = case.keys.subject("comment", comment.id)
    subject = comment_subject(case.keys, comment) if is_edit else first
    if command is not None:
        revises = first if is_edit else None
        return case.settle(Proposal(facts, Trigger.MENTION, asker, subject, command=command, revises=revises))
    if is_edit:
        return _withdrawn(case, facts, Withdrawal.COMMAND_REMOVED, subject)
    return Ignored(facts, Reason.NO_COMMAND)


def _withdrawn(case: Case, facts: Facts, why: Withdrawal, subject: str) -> Outcome:
    if facts.origin is None:
        return Ignored(facts, Reason.NO_CONVERSATION)
    return case.control(facts, Withdraw(facts.origin, why), subject)


def _facts(case: Case, comment: Comment, actor: Account | None) -> Facts:
    return case.facts(actor, "comment", comment.id, comment=comment)
