"""Buttons and shortcuts: what was pressed on which post, by whom."""

import re
from collections.abc import Callable, Mapping

from hookline.core.keys import KeySpace
from hookline.core.payloads import parse_json
from hookline.domain.command import CONTROL_VERBS, Command, Verb
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.frozen import frozen
from hookline.domain.outcome import Facts, Ignored, Outcome, Reason, Trigger
from hookline.domain.text import NAME_LIMIT, TEXT_LIMIT, one_line, shorten
from hookline.webhooks.slack.asking import Asking, Desk, decide
from hookline.webhooks.slack.event_types import UNUSED_INTERACTIONS
from hookline.webhooks.slack.interactions import Interaction
from hookline.webhooks.slack.mrkdwn import (
    SCAN_LIMIT,
    command_after_mention,
    command_of_message,
    plain_text,
    read_mrkdwn,
    title_of,
)
from hookline.webhooks.slack.people import named_person
from hookline.webhooks.slack.places import Channel, channel_of

_BUTTON = re.compile(r"hookline:([a-z]{1,20}):([0-9A-Za-z-]{1,64})", re.ASCII)
_BUTTON_VERBS = {verb.value: verb for verb in CONTROL_VERBS}
_SHORTCUT_VERBS: Mapping[str, Verb | None] = {
    "hookline": None,
    **{f"hookline_{verb.value}": verb for verb in Verb},
}


@frozen
class Pressed:
    """An interaction of a person, with the keys of its raw body."""

    interaction: Interaction
    person_id: str
    facts: Facts
    channel: Channel | None
    keys: tuple[str, ...]

    @property
    def is_of_the_house(self) -> bool:
        """Whether the person belongs to the workspace it happened in."""
        person = self.interaction.user
        home = _team_of(self.interaction)
        return person is not None and home is not None and person.team_id in {None, home}


def interpret_interaction(desk: Desk, form: Mapping[str, str], body: bytes) -> Outcome:
    """Decide about the `payload=` of a form.

    Raises:
        MalformedPayloadError: the payload is not JSON, or a field we need is missing or of the wrong shape.
    """
    interaction = parse_json(desk.source.provider, Interaction, form["payload"])
    facts = _facts(desk.keys, interaction)
    treatment = _TREATMENTS.get(interaction.type)
    if treatment is None:
        is_known = interaction.type in UNUSED_INTERACTIONS
        return Ignored(facts, Reason.EVENT_NOT_USED if is_known else Reason.EVENT_UNKNOWN)
    if interaction.user is None:
        raise MalformedPayloadError(desk.source.provider, "user: Field required")
    if interaction.user.id in desk.source.bot_names:
        return Ignored(facts, Reason.OWN_WORDS)
    channel = _channel(desk.keys, interaction)
    return treatment(desk, Pressed(interaction, interaction.user.id, facts, channel, (desk.keys.body(body),)))


def _button(desk: Desk, pressed: Pressed) -> Outcome:
    for action in pressed.interaction.actions:
        ours = _BUTTON.fullmatch(action.action_id or "")
        verb = _BUTTON_VERBS.get(ours.group(1)) if ours else None
        if ours and verb:
            command = Command(verb, "")
            return _ask(desk, pressed, command, Trigger.BUTTON, ours.group(2))
    return Ignored(pressed.facts, Reason.ACTION_NOT_USED, pressed.facts.action)


def _message_shortcut(desk: Desk, pressed: Pressed) -> Outcome:
    callback = pressed.interaction.callback_id or ""
    if callback not in _SHORTCUT_VERBS:
        return Ignored(pressed.facts, Reason.ACTION_NOT_USED, pressed.facts.action)
    command = _chosen_command(desk, pressed, _SHORTCUT_VERBS[callback])
    if command is None:
        return Ignored(pressed.facts, Reason.NO_COMMAND)
    return _ask(desk, pressed, command, Trigger.SHORTCUT, None)


def _global_shortcut(_desk: Desk, pressed: Pressed) -> Outcome:
    is_ours = (pressed.interaction.callback_id or "") in _SHORTCUT_VERBS
    return Ignored(pressed.facts, Reason.NO_CONVERSATION if is_ours else Reason.ACTION_NOT_USED)


_TREATMENTS: Mapping[str, Callable[[Desk, Pressed], Outcome]] = {
    "block_actions": _button,
    "message_action": _message_shortcut,
    "shortcut": _global_shortcut,
}


def _chosen_command(desk: Desk, pressed: Pressed, verb: Verb | None) -> Command | None:
    """The command a chosen post makes; only the words of the one who chose it may name verb and options."""
    message = pressed.interaction.message
    raw = (message.text if message else None) or ""
    text = shorten(plain_text(raw[:SCAN_LIMIT]).strip(), TEXT_LIMIT)
    if verb is not None and (text or verb in CONTROL_VERBS):
        return Command(verb, text)
    if not text:
        return None
    if message and message.user == pressed.person_id:
        prose, bots = read_mrkdwn(raw), desk.source.bot_names
        handle = desk.policy.handle
        spoken = command_after_mention(prose, bots, handle, addressed=False)
        return spoken or command_of_message(prose, bots, handle) or Command(Verb.ASK, text)
    return Command(Verb.ASK, text)


def _ask(desk: Desk, pressed: Pressed, command: Command, trigger: Trigger, task_id: str | None) -> Outcome:
    if pressed.channel is None or pressed.facts.conversation is None:
        return Ignored(pressed.facts, Reason.NO_CONVERSATION)
    asking = Asking(
        facts=pressed.facts,
        command=command,
        trigger=trigger,
        channel=pressed.channel.id,
        entitled=pressed.is_of_the_house,
        keys=pressed.keys,
        task_id=task_id,
    )
    return decide(desk, asking)


def _team_of(interaction: Interaction) -> str | None:
    team, person = interaction.team, interaction.user
    return (team.id if team else None) or (person.team_id if person else None)


def _channel(keys: KeySpace, interaction: Interaction) -> Channel | None:
    container, place, team = interaction.container, interaction.channel, interaction.team
    channel = (place.id if place else None) or (container.channel_id if container else None)
    return channel_of(keys, _team_of(interaction), channel, (team.domain if team else None) or "")


def _facts(keys: KeySpace, interaction: Interaction) -> Facts:
    message, container, person = interaction.message, interaction.container, interaction.user
    channel = _channel(keys, interaction)
    message_ts = (message.ts if message else None) or interaction.message_ts
    ts = message_ts or (container.message_ts if container else None)
    thread = (message.thread_ts if message else None) or (container.thread_ts if container else None) or ts
    kind = "shortcut" if interaction.type == "message_action" else "message"
    return Facts(
        event=one_line(interaction.type, NAME_LIMIT),
        action=_action(interaction),
        lane=channel.lane if channel else None,
        conversation=channel.conversation(thread) if channel and thread else None,
        origin=channel.origin(kind, ts) if channel and ts else None,
        actor=named_person(person.id, person.username or person.name or "") if person else None,
        url=channel.link(ts) if channel else None,
        title=title_of((message.text if message else None) or ""),
        interactive=True,
    )


def _action(interaction: Interaction) -> str:
    first = next((action.action_id for action in interaction.actions if action.action_id), None)
    return one_line(first or interaction.callback_id or "", NAME_LIMIT)
