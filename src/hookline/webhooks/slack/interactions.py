"""Payloads of buttons and shortcuts: only the fields that are used.

Shapes: docs.slack.dev/reference/interaction-payloads.
"""

from typing import Annotated

from pydantic import Field, JsonValue, model_validator

from hookline.core.payloads import ProviderModel
from hookline.domain.text import CleanText
from hookline.webhooks.slack.events import Post

USED_INTERACTIONS = frozenset({"block_actions", "message_action", "shortcut"})


class Workspace(ProviderModel):
    """The workspace it happened in; missing where the app is installed for a whole organisation."""

    id: CleanText | None = None
    domain: CleanText | None = None


class Person(ProviderModel):
    """Who pressed or chose."""

    id: CleanText
    username: CleanText | None = None
    name: CleanText | None = None
    team_id: CleanText | None = None


class Place(ProviderModel):
    """A channel."""

    id: CleanText | None = None


class Container(ProviderModel):
    """What a button stands in."""

    message_ts: CleanText | None = None
    channel_id: CleanText | None = None
    thread_ts: CleanText | None = None


class Action(ProviderModel):
    """A button that was pressed, or another element that was used."""

    action_id: CleanText | None = None


class Interaction(ProviderModel):
    """A button pressed or a shortcut used; of other interactions only names are read, never refused."""

    type: CleanText
    team: Workspace | None = None
    user: Person | None = None
    channel: Place | None = None
    container: Container | None = None
    actions: Annotated[tuple[Action, ...], Field(strict=False)] = ()
    callback_id: CleanText | None = None
    message: Post | None = None
    message_ts: CleanText | None = None

    @model_validator(mode="before")
    @classmethod
    def keep_names_of_others(cls, value: JsonValue) -> JsonValue:
        """Interactions that are not used may have any shape."""
        if not isinstance(value, dict):
            return value
        kind = value.get("type")
        if isinstance(kind, str) and kind in USED_INTERACTIONS:
            return value
        named: dict[str, JsonValue] = {
            field: {"id": part["id"]}
            for field in ("team", "user", "channel")
            if isinstance(part := value.get(field), dict) and isinstance(part.get("id"), str)
        }
        callback = value.get("callback_id")
        plain: dict[str, JsonValue] = {"callback_id": callback} if isinstance(callback, str) else {}
        return {**named, **plain, "type": value["type"]} if "type" in value else named
