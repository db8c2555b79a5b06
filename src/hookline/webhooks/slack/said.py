"""The post an event speaks of: its text, its author, its place and its edition."""

from hookline.core.keys import KeySpace
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.frozen import frozen
from hookline.domain.outcome import Facts, Reason
from hookline.domain.text import NAME_LIMIT, one_line
from hookline.webhooks.slack.events import Envelope, Event, Item, Post
from hookline.webhooks.slack.mrkdwn import title_of
from hookline.webhooks.slack.people import author_of, home_team
from hookline.webhooks.slack.places import Channel, channel_of

_DIRECT = frozenset({"im", "app_home"})
_NOTHING = Post()
_NO_ITEM = Item()


@frozen
class Said:
    """A post with its event, at a known place."""

    envelope: Envelope
    event: Event
    post: Post
    ts: str
    channel: Channel
    facts: Facts

    @property
    def is_direct(self) -> bool:
        """Whether it was said to the bot alone."""
        kind = self.event.channel_type
        return kind in _DIRECT if kind else self.channel.id.startswith("D")

    @property
    def edition(self) -> str:
        """When the post was last edited; empty for one that never was."""
        return edited_at(self.post)


def edited_at(post: Post) -> str:
    """When a post was last edited, or nothing."""
    return (post.edited.ts if post.edited else None) or ""


def post_of(event: Event) -> Post:
    """The post whose author counts: for a deletion, and for the tombstone it may leave, what stood there."""
    previous = event.previous_message
    if event.subtype == "message_deleted":
        return previous or _NOTHING
    if event.subtype == "message_changed":
        message = event.message or _NOTHING
        return previous if previous and is_tombstone(message) else message
    return event


def is_tombstone(post: Post) -> bool:
    """Whether a post only says that there was one."""
    return post.subtype == "tombstone"


def facts_of(keys: KeySpace, envelope: Envelope, event: Event, silence: Reason | None) -> Facts:
    """What an event tells, as far as it does."""
    post = post_of(event)
    item = event.item or _NO_ITEM
    channel = channel_of(keys, home_team(envelope), event.channel or event.channel_id or item.channel)
    ts = _ts_of(event) or item.ts
    thread = post.thread_ts or (event.previous_message or _NOTHING).thread_ts or ts
    return Facts(
        event=one_line(event.type or "", NAME_LIMIT),
        action=one_line(event.subtype or "", NAME_LIMIT),
        external_id=envelope.event_id or None,
        lane=channel.lane if channel else None,
        conversation=channel.conversation(thread) if channel and thread else None,
        origin=channel.origin("message", ts) if channel and ts else None,
        actor=author_of(post, silence) or author_of(Post(user=event.user_id), silence),
        url=channel.link(ts) if channel else None,
        title=title_of(post.text or ""),
    )


def placed(provider: str, keys: KeySpace, envelope: Envelope, event: Event, facts: Facts) -> Said:
    """The post, once it is certain where it stands.

    Raises:
        MalformedPayloadError: workspace, channel or time are missing.
    """
    home, ts = home_team(envelope), _ts_of(event)
    for name, value in (("team_id", home), ("event.channel", event.channel), (_ts_field(event), ts)):
        if not value:
            raise MalformedPayloadError(provider, f"{name}: Field required")
    channel = Channel(keys, home or "", event.channel or "")
    return Said(envelope, event, post_of(event), ts or "", channel, facts)


def _ts_of(event: Event) -> str | None:
    previous = event.previous_message or _NOTHING
    if event.subtype == "message_deleted":
        return event.deleted_ts or previous.ts
    if event.subtype == "message_changed":
        return (event.message or _NOTHING).ts or previous.ts
    return event.ts


def _ts_field(event: Event) -> str:
    fields = {"message_deleted": "event.deleted_ts", "message_changed": "event.message.ts"}
    return fields.get(event.subtype or "", "event.ts")
