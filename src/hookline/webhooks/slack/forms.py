"""Everything that comes as a form: slash commands, buttons, shortcuts, and the probe of the certificate."""

from collections.abc import Callable, Mapping
from hashlib import sha256

from hookline.core.payloads import form_field, parse_form
from hookline.domain.delivery import Delivery
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.outcome import Facts, Ignored, Outcome, Reason, Reply, Trigger
from hookline.domain.text import NAME_LIMIT, clean, one_line
from hookline.webhooks.slack.asking import Asking, Desk, decide
from hookline.webhooks.slack.mrkdwn import command_of_message, read_mrkdwn, title_of
from hookline.webhooks.slack.people import named_person
from hookline.webhooks.slack.places import Channel
from hookline.webhooks.slack.shortcuts import interpret_interaction


def interpret_form(desk: Desk, delivery: Delivery) -> Outcome:
    """Decide about a form.

    Raises:
        MalformedPayloadError: none of the forms Slack sends, or a field we need is missing.
    """
    form = parse_form(desk.source.provider, delivery.body)
    treatment = next((treat for field, treat in _FORMS.items() if field in form), None)
    if treatment is None:
        raise MalformedPayloadError(desk.source.provider, "command or payload: Field required")
    return treatment(desk, form, delivery)


def _certificate_probe(_desk: Desk, _form: dict[str, str], _delivery: Delivery) -> Outcome:
    return Reply(Facts(event="ssl_check", interactive=True), b"", "text/plain")


def _interaction(desk: Desk, form: dict[str, str], delivery: Delivery) -> Outcome:
    return interpret_interaction(desk, form, delivery.body)


def _outgoing_webhook(_desk: Desk, _form: dict[str, str], _delivery: Delivery) -> Outcome:
    return Ignored(Facts(event="outgoing_webhook", interactive=True), Reason.EVENT_NOT_USED)


def _slash_command(desk: Desk, form: dict[str, str], delivery: Delivery) -> Outcome:
    user_id = _required(desk, form, "user_id")
    channel = Channel(
        desk.keys,
        _required(desk, form, "team_id"),
        _required(desk, form, "channel_id"),
        form.get("team_domain", ""),
    )
    text = clean(form.get("text", ""))
    invocation = _invocation(form, delivery)
    facts = Facts(
        event="slash_command",
        action=one_line(clean(form["command"]), NAME_LIMIT),
        lane=channel.lane,
        conversation=channel.conversation(invocation),
        origin=channel.origin("command", invocation),
        actor=named_person(user_id, clean(form.get("user_name", ""))),
        url=channel.link(),
        title=title_of(text),
        interactive=True,
    )
    if user_id in desk.source.bot_names:
        return Ignored(facts, Reason.OWN_WORDS)
    command = command_of_message(read_mrkdwn(text), desk.source.bot_names, desk.policy.handle)
    if command is None:
        return Ignored(facts, Reason.NO_COMMAND)
    keys = (desk.keys.body(delivery.body),)
    return decide(desk, Asking(facts, command, Trigger.SLASH_COMMAND, channel.id, True, keys))


_FORMS: Mapping[str, Callable[[Desk, dict[str, str], Delivery], Outcome]] = {
    "ssl_check": _certificate_probe,
    "payload": _interaction,
    "command": _slash_command,
    "trigger_word": _outgoing_webhook,
}


def _required(desk: Desk, form: dict[str, str], name: str) -> str:
    value = clean(form_field(desk.source.provider, form, name)).strip()
    if not value:
        raise MalformedPayloadError(desk.source.provider, f"{name}: Field required")
    return value


def _invocation(form: Mapping[str, str], delivery: Delivery) -> str:
    """One use of a command has no `ts`: its trigger names it, else what is never redacted of it."""
    trigger = clean(form.get("trigger_id", ""))
    if trigger:
        return trigger
    when = delivery.headers.get("x-slack-request-timestamp", "")
    told = [form.get(name, "") for name in ("team_id", "channel_id", "user_id", "command", "text")]
    return sha256("\0".join((when, *told)).encode("utf-8", "replace")).hexdigest()[:32]
