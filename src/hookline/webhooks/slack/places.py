"""Where things are in Slack: keys of lanes, conversations and posts, and links to them."""

import re

from hookline.core.keys import KeySpace
from hookline.domain.frozen import frozen

_LINKABLE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_LINKABLE_TS = re.compile(r"[0-9]{1,20}\.[0-9]{1,10}", re.ASCII)
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)


@frozen
class Channel:
    """A channel of a workspace; `domain` is the workspace's name in its address, where the payload has it."""

    keys: KeySpace
    team: str
    id: str
    domain: str = ""

    @property
    def lane(self) -> str:
        """The key of its lane."""
        return self.keys.lane(f"{self.team}/{self.id}")

    def conversation(self, beginning: str) -> str:
        """The key of the conversation that began with a post (or a command) of this id."""
        return self.keys.conversation(f"{self.team}/{self.id}/{beginning}")

    def origin(self, kind: str, name: str) -> str:
        """The key of something that was said here, without its version."""
        return self.keys.origin(f"{self.team}/{self.id}:{kind}/{name}")

    def subject(self, *version: str) -> str:
        """The key of one version of something that was said here."""
        return self.keys.subject(self.team, self.id, *version)

    def link(self, ts: str | None = None) -> str | None:
        """An address that opens the channel, at the post of `ts` if given; `None` for ids that look odd."""
        if not (_LINKABLE_ID.fullmatch(self.team) and _LINKABLE_ID.fullmatch(self.id)):
            return None
        post = ts if ts and _LINKABLE_TS.fullmatch(ts) else None
        if _DOMAIN.fullmatch(self.domain):
            tail = f"/p{post.replace('.', '')}" if post else ""
            return f"https://{self.domain}.slack.com/archives/{self.id}{tail}"
        tail = f"&message_ts={post}" if post else ""
        return f"https://slack.com/app_redirect?team={self.team}&channel={self.id}{tail}"


def channel_of(keys: KeySpace, team: str | None, channel: str | None, domain: str = "") -> Channel | None:
    """The channel, if the payload names it and its workspace."""
    return Channel(keys, team, channel, domain) if team and channel else None
