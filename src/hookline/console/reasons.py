"""Why a delivery started nothing, in words."""

from collections.abc import Mapping

from hookline.domain.outcome import Reason

WORDS: Mapping[Reason, str] = {
    Reason.EVENT_NOT_USED: "events of this kind start nothing",
    Reason.EVENT_UNKNOWN: "this kind of event is not known here",
    Reason.ACTION_NOT_USED: "this action starts nothing",
    Reason.NO_COMMAND: "nothing in it speaks to the agent",
    Reason.NO_RULE: "no rule matches it",
    Reason.NOT_ALLOWED: "the rule that matches does not let this one ask",
    Reason.OWN_WORDS: "these are the gateway's own words",
    Reason.BOT: "a bot did it",
    Reason.CHAIN_TOO_DEEP: "agents have triggered each other too often",
    Reason.NO_CONVERSATION: "it does not say what it belongs to",
    Reason.NO_REPOSITORY: "the verb changes code, and no repository is known",
    Reason.CONTROL_UNAVAILABLE: "this control is not built yet",
    Reason.NOTHING_TO_CANCEL: "there was no unfinished task to cancel",
    Reason.NOTHING_TO_RETRY: "there was no failed task to try again",
    Reason.NOTHING_TO_WITHDRAW: "there was no task to withdraw",
    Reason.ALREADY_STARTED: "the task had already started",
    Reason.CAPPED: "an hourly cap was reached",
}

_BY_NAME = {reason.value: words for reason, words in WORDS.items()}


def in_words(reason: str | None) -> str | None:
    """The words for a stored reason; the reason itself where there are none."""
    return None if reason is None else _BY_NAME.get(reason, reason)
