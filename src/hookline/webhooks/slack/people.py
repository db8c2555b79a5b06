"""Who speaks in Slack: people, bots, the gateway itself; and whether the provider vouches for them."""

from hookline.domain.outcome import Actor, ActorKind, Reason
from hookline.domain.text import NAME_LIMIT, one_line
from hookline.webhooks.slack.events import Envelope, Event, Post

SLACKBOT = "USLACKBOT"
"""The user id under which Slack itself speaks in every workspace."""


def home_team(envelope: Envelope) -> str | None:
    """The workspace the app is installed in.

    In a shared channel `team_id` may be the other side's, so the authorization is asked first, unless it is
    one of a whole organisation.
    """
    for authorization in envelope.authorizations or ():
        if authorization.team_id and not authorization.is_enterprise_install:
            return authorization.team_id
    return envelope.team_id


def own_ids(envelope: Envelope, bot_names: frozenset[str]) -> frozenset[str]:
    """User ids under which the gateway speaks."""
    bots = (a.user_id for a in envelope.authorizations or () if a.is_bot and a.user_id)
    return bot_names.union(bots)


def mentionable_ids(envelope: Envelope, bot_names: frozenset[str]) -> frozenset[str]:
    """User ids whose mention addresses the gateway.

    `authed_users` may hold people who installed the app; it counts only where the newer `authorizations` are
    missing.
    """
    elder = () if envelope.authorizations else (envelope.authed_users or ())
    return own_ids(envelope, bot_names).union(elder)


def silenced(post: Post, envelope: Envelope, bot_names: frozenset[str]) -> Reason | None:
    """Why a post can't command, whatever it says: it is the gateway's own, or a bot's."""
    app_ids = {post.app_id, post.bot_profile.app_id if post.bot_profile else None} - {None, ""}
    speakers = {post.user, post.bot_id} | app_ids
    if speakers & own_ids(envelope, bot_names) or (envelope.api_app_id and envelope.api_app_id in app_ids):
        return Reason.OWN_WORDS
    if post.bot_id or post.subtype == "bot_message" or post.user == SLACKBOT:
        return Reason.BOT
    return None


def author_of(post: Post, reason: Reason | None) -> Actor | None:
    """The one who wrote a post; bots are known by their bot id where they have no user."""
    identity = post.user or post.bot_id
    if not identity:
        return None
    kind = ActorKind.PERSON if reason is None else ActorKind.BOT
    return Actor(one_line(identity, NAME_LIMIT), one_line(identity, NAME_LIMIT), kind)


def named_person(user_id: str, name: str) -> Actor:
    """Someone who used a command or a button.

    The name is chosen by its bearer, so it stands beside the id: no rule can be met by taking a name.
    """
    shown = f"{one_line(name, 100)} ({user_id})" if name else user_id
    return Actor(one_line(user_id, NAME_LIMIT), one_line(shown, NAME_LIMIT))


def is_of_the_house(envelope: Envelope, event: Event) -> bool:
    """Whether the author belongs to the installed workspace, and the channel is not shared with others."""
    home = home_team(envelope)
    posts = (event, event.message, event.previous_message)
    teams = {team for post in posts if post for team in (post.team, post.user_team, post.source_team) if team}
    return bool(home) and not envelope.is_ext_shared_channel and teams | {envelope.team_id} <= {home}
