"""Who acted in Jira, whether their word counts, and whether they are the gateway itself."""

from hookline.domain.frozen import frozen
from hookline.domain.outcome import Actor, ActorKind, Reason
from hookline.domain.text import NAME_LIMIT, one_line, shorten
from hookline.webhooks.jira.payloads import Account

_MEMBER = "atlassian"
_APP = "app"
_KINDS = {_MEMBER: ActorKind.PERSON, "customer": ActorKind.PERSON, _APP: ActorKind.APP}


@frozen
class OwnAccounts:
    """The accounts under which the gateway itself acts; ids count in any case, as user names do in Jira."""

    folded: frozenset[str]

    @classmethod
    def named(cls, bot_names: frozenset[str]) -> "OwnAccounts":
        """The accounts with these account ids, keys or user names."""
        return cls(frozenset(name.casefold() for name in bot_names))

    def include(self, *ids: str | None) -> bool:
        """Whether one of these ids is ours."""
        return any(known is not None and known.casefold() in self.folded for known in ids)

    def include_account(self, account: Account | None) -> bool:
        """Whether an account is ours by its account id, key or user name; a display name tells nothing."""
        return account is not None and self.include(account.account_id, account.key, account.name)


def is_entitled(account: Account | None) -> bool:
    """Whether an account is a licensed person of a Cloud site; Data Center does not tell."""
    return account is not None and account.account_type == _MEMBER


def loop_reason(ours: OwnAccounts, *accounts: Account | None) -> Reason | None:
    """Why none of these accounts' words may trigger anything, or `None`."""
    if any(ours.include_account(account) for account in accounts):
        return Reason.OWN_WORDS
    if any(account is not None and account.account_type == _APP for account in accounts):
        return Reason.BOT
    return None


def actor_of(account: Account | None) -> Actor | None:
    """The actor as people see it: a stable id and a name to show."""
    if account is None:
        return None
    stable = _stable_id(account)
    shown = account.display_name or account.name or stable
    kind = _KINDS.get(account.account_type or "", ActorKind.UNKNOWN)
    return Actor(shorten(stable, NAME_LIMIT), one_line(shown, NAME_LIMIT), kind)


def logins_of(account: Account | None) -> frozenset[str]:
    """Names that rules may list beside the id: on Data Center the user name, which its owner can't choose."""
    if account is None or account.account_id or not account.name:
        return frozenset()
    return frozenset({shorten(account.name, NAME_LIMIT)})


def _stable_id(account: Account) -> str:
    return account.account_id or account.key or account.name or ""
