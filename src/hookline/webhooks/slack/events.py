"""Payloads of the Events API: only the fields that are used.

Shapes: docs.slack.dev/apis/events-api and docs.slack.dev/reference/events/message.
"""

from pydantic import JsonValue, model_validator

from hookline.core.payloads import ProviderModel
from hookline.domain.text import CleanText

POST_EVENTS = frozenset({"message", "app_mention"})
"""Events that speak of a post; only their shape matters to us."""

_LOOSE = ("user", "channel", "ts", "subtype", "channel_type", "thread_ts", "bot_id")


class Edited(ProviderModel):
    """When a post was last edited."""

    ts: CleanText | None = None


class BotProfile(ProviderModel):
    """The app behind a post."""

    app_id: CleanText | None = None


class Post(ProviderModel):
    """A post, as it stands in an event, in an edit or under a message shortcut."""

    user: CleanText | None = None
    text: CleanText | None = None
    ts: CleanText | None = None
    thread_ts: CleanText | None = None
    subtype: CleanText | None = None
    bot_id: CleanText | None = None
    app_id: CleanText | None = None
    bot_profile: BotProfile | None = None
    team: CleanText | None = None
    user_team: CleanText | None = None
    source_team: CleanText | None = None
    edited: Edited | None = None


class Event(Post):
    """The inner event; of events that are not about posts only plain texts are read, and never refused."""

    type: CleanText
    channel: CleanText | None = None
    channel_type: CleanText | None = None
    message: Post | None = None
    previous_message: Post | None = None
    deleted_ts: CleanText | None = None

    @model_validator(mode="before")
    @classmethod
    def keep_plain_texts_of_others(cls, value: JsonValue) -> JsonValue:
        """Fields of other events vary in shape (`channel` is now an id, now an object)."""
        if not isinstance(value, dict):
            return value
        kind = value.get("type")
        if isinstance(kind, str) and kind in POST_EVENTS:
            return value
        item = value.get("item")
        merged: dict[str, JsonValue] = {
            "channel": value.get("channel_id"),
            "user": value.get("user_id"),
            **(item if isinstance(item, dict) else {}),
            **value,
        }
        plain: dict[str, JsonValue] = {
            name: text for name in _LOOSE if isinstance(text := merged.get(name), str)
        }
        return {**plain, "type": value["type"]} if "type" in value else plain


class Authorization(ProviderModel):
    """One installation that may see the event."""

    team_id: CleanText | None = None
    user_id: CleanText | None = None
    is_bot: bool | None = None
    is_enterprise_install: bool | None = None


class Envelope(ProviderModel):
    """The outer body of everything that comes as JSON."""

    type: CleanText
    challenge: str | None = None
    team_id: CleanText | None = None
    api_app_id: CleanText | None = None
    event: Event | None = None
    event_id: CleanText | None = None
    authorizations: tuple[Authorization, ...] | None = None
    authed_users: tuple[CleanText, ...] | None = None
    is_ext_shared_channel: bool | None = None
