"""Payloads of the Events API: only the fields that are used.

Shapes: docs.slack.dev/apis/events-api and docs.slack.dev/reference/events/message.
"""

from typing import Annotated, cast

from pydantic import BeforeValidator, JsonValue, ValidationInfo, field_validator

from hookline.core.payloads import ProviderModel
from hookline.domain.text import CleanText

POST_EVENTS = frozenset({"message", "app_mention"})
"""Events that speak of a post; only their shape matters to us."""


class Edited(ProviderModel):
    """When a post was last edited."""

    ts: CleanText | None = None


class BotProfile(ProviderModel):
    """The app behind a post."""

    app_id: CleanText | None = None


class Post(ProviderModel):
    """A post, as it stands in an event, in an edit or under a message shortcut."""

    type: CleanText | None = None
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


def _text_or_nothing(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


LooseText = Annotated[CleanText | None, BeforeValidator(_text_or_nothing)]
"""A text that is worth showing, and missing where it is anything else."""


class Item(ProviderModel):
    """What a reaction or a pin was put on."""

    channel: LooseText = None
    ts: LooseText = None


class Event(Post):
    """The inner event; of events that are not about posts only plain texts are read, and never refused."""

    channel: CleanText | None = None
    channel_id: LooseText = None
    channel_type: CleanText | None = None
    deleted_ts: CleanText | None = None
    item: Item | None = None
    message: Post | None = None
    previous_message: Post | None = None
    user_id: LooseText = None

    @field_validator(
        "user", "text", "ts", "thread_ts", "subtype", "bot_id", "channel", "channel_type", mode="before"
    )
    @classmethod
    def take_only_texts_of_others(cls, value: JsonValue, info: ValidationInfo) -> JsonValue:
        """Fields of other events vary in shape (`channel` is now an id, now an object)."""
        return value if isinstance(value, str) or _is_about_a_post(info) else None

    @field_validator(
        "app_id",
        "bot_profile",
        "deleted_ts",
        "edited",
        "message",
        "previous_message",
        "source_team",
        "team",
        "user_team",
        mode="before",
    )
    @classmethod
    def take_nothing_of_others(cls, value: JsonValue, info: ValidationInfo) -> JsonValue:
        """What describes a post means something else in other events."""
        return value if _is_about_a_post(info) else None

    @field_validator("item", mode="before")
    @classmethod
    def take_items_that_are_objects(cls, value: JsonValue) -> JsonValue:
        """Only objects can tell a channel and a time."""
        return value if isinstance(value, dict) else None


def _is_about_a_post(info: ValidationInfo) -> bool:
    kind = cast("str | None", info.data.get("type"))
    return kind is None or kind in POST_EVENTS


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
