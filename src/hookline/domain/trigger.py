"""What in a delivery asks for work."""

from enum import StrEnum


class Trigger(StrEnum):
    """What in a delivery asks for work."""

    MENTION = "mention"
    DIRECT_MESSAGE = "direct_message"
    SLASH_COMMAND = "slash_command"
    SHORTCUT = "shortcut"
    BUTTON = "button"
    LABEL = "label"
    ASSIGNMENT = "assignment"
    REVIEW_REQUEST = "review_request"
    STATUS = "status"
    ALERT = "alert"
    CHECK_FAILURE = "check_failure"
    PUSH = "push"
    DISPATCH = "dispatch"
