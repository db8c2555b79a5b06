"""Tells the gateway's own accounts, and bots in general, from people."""

from hookline.domain.outcome import Reason
from hookline.domain.source import Source
from hookline.webhooks.github.payloads import App, User

_BOT_SUFFIX = "[bot]"


def is_ours(source: Source, account: User | App | None) -> bool:
    """Whether the account or app is one under which the gateway acts, by id, login or slug in any case.

    An app's account is `<slug>[bot]`; either name stands for both.
    """
    if account is None or not source.bot_names:
        return False
    match account:
        case User(login=login):
            names = {login.casefold(), login.casefold().removesuffix(_BOT_SUFFIX)}
        case App(slug=slug):
            names = {slug.casefold(), slug.casefold() + _BOT_SUFFIX} if slug else set[str]()
    return not names.isdisjoint(own.casefold() for own in source.bot_names) or account.id in source.bot_names


def loop_behind(source: Source, accounts: tuple[User | None, ...], app: App | None = None) -> Reason | None:
    """Why an event must not start anything, or `None`: our own words first, then those of any bot."""
    if source.bot_names and any(is_ours(source, account) for account in (app, *accounts)):
        return Reason.OWN_WORDS
    for account in accounts:
        if account is not None and account.type == "Bot":
            return Reason.BOT
    return None
