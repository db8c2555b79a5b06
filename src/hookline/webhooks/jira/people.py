"""Who acted in Jira, whether their word counts, and whether they are the gateway itself."""

from dataclasses import replace

from hookline.domain.outcome import Actor, ActorKind, Facts, Reason
from hookline.domain.text import NAME_LIMIT, one_line, shorten
from hookline.webhooks.jira.payloads import Account

_MEMBER = "atlassian"
_KINDS = {_MEMBER: ActorKind.PERSON, "customer": ActorKind.PERSON, "app": ActorKind.APP}


def ids_of(account: Account) -> frozenset[str]:
    """All ids under which an account may be configured: account id, key and user name."""
    return frozenset(filter(None, (account.account_id, account.key, account.name)))


def is_entitled(account: Account | None) -> bool:
    """Whether an account is a licensed person of a Cloud site; Data Center does not tell."""
    return account is not None and account.account_type == _MEMBER


def loop_reason(bot_names: frozenset[str], *accounts: Account | None) -> Reason | None:
    """Why none of these accounts' words may trigger anything, or `None`."""
    known = [account for account in accounts if account is not None]
    if any(ids_of(account) & bot_names for account in known):
        return Reason.OWN_WORDS
    if any(account.account_type == "app" for account in known):
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


def facts_for_rules(facts: Facts, account: Account | None) -> Facts:
    """The facts with the actor's name replaced by one that its owner cannot choose.

    Rules list people by id or name. A display name is its owner's to change, so it must not stand in for
    either: on Cloud only the account id counts, on Data Center the key and the user name.
    """
    if facts.actor is None or account is None:
        return facts
    unchosen = facts.actor.id if account.account_id else shorten(account.name or "", NAME_LIMIT)
    return replace(facts, actor=replace(facts.actor, name=unchosen))


def _stable_id(account: Account) -> str:
    return account.account_id or account.key or account.name or ""
