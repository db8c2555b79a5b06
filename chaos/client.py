"""A client that posts signed webhooks, some of them twice, and keeps a ledger of what it was answered."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random

import httpx

from chaos.balancer import client_of
from chaos.places import FOLDING_LANE, Comment
from signed_webhooks import Webhook

LANES = ("github:octo/app", "github:octo/api", "github:octo/capped", "github:acme/site", "jira:SHOP")
ISSUES = 12
FOLDING_ISSUES = 2
PRIORITIES = ("", "", " priority=low", " priority=high")
SHARE_CANCEL = 0.04
SHARE_WITHDRAW = 0.03
SHARE_TWIN = 0.15
ACCEPTED = 202
OF_ONE_DELIVERY = frozenset({200, 202})
OF_ANOTHER_MOMENT = frozenset({408, 429})


class RefusedError(Exception):
    """The gateway will not take it, however often it is sent."""


@dataclass(frozen=True)
class Sent:
    """A webhook; `kind` is `ask`, `cancel`, `edit` or `withdraw`, `number` that of its comment."""

    number: int
    kind: str
    comment: Comment
    webhook: Webhook


def asking(comment: Comment) -> Sent:
    """A comment that asks for a task."""
    return Sent(comment.number, "ask", comment, comment.posted())


def cancelling(of: Sent, number: int) -> Sent:
    """Another comment in its conversation, which says that what it asked for should end."""
    comment = replace(of.comment, number=number, text="@agent cancel")
    return Sent(of.number, "cancel", comment, comment.posted())


def editing(of: Sent, text: str) -> Sent:
    """Another text in place of a comment's."""
    comment = replace(of.comment, action="edited", text=text)
    return Sent(of.number, "edit", comment, comment.posted())


def withdrawing(of: Sent) -> Sent:
    """The deletion of a comment."""
    comment = replace(of.comment, action="deleted")
    return Sent(of.number, "withdraw", comment, comment.posted())


@dataclass(frozen=True)
class Answer:
    """What the client saw: `status` is that of HTTP, `word` and `task` are the answer's."""

    number: int
    at: float
    status: int
    word: str
    task: str


@dataclass
class ClientLedger:
    """What was sent, and every answer that was seen."""

    asked: dict[int, Sent] = field(default_factory=dict)
    stopped: dict[str, list[float]] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    @property
    def accepted(self) -> dict[int, str]:
        """The task of every comment that was answered 202."""
        return {answer.number: answer.task for answer in self.answers if answer.status == ACCEPTED}


class Client:
    """Sends at a mean rate, whatever the gateway does meanwhile."""

    def __init__(self, urls: Sequence[str], chance: Random, rate: float) -> None:
        """Keep where to send, to any of these; what decides, and how many webhooks a second."""
        self._urls = urls
        self._chance = chance
        self._rate = rate
        self._number = 1000
        self.ledger = ClientLedger()
        self.is_held_back = False

    async def send_until(self, is_over: asyncio.Event) -> None:
        """Send; returns when every webhook that was begun has been answered.

        Raises:
            ExceptionGroup: holds a `RefusedError`.
        """
        async with client_of(self._urls, self._chance) as http, asyncio.TaskGroup() as going:
            while not is_over.is_set():
                if not self.is_held_back:
                    self._begin(going, http, self._next())
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._chance.expovariate(self._rate)):
                        _ = await is_over.wait()

    async def send(self, sent: Sent) -> str:
        """Send one until it is answered; tells its task where it asks for one."""
        async with client_of(self._urls, self._chance) as http:
            await self._persist(http, sent)
        return next((a.task for a in reversed(self.ledger.answers) if a.number == sent.number), "")

    def _begin(self, going: asyncio.TaskGroup, http: httpx.AsyncClient, sent: Sent) -> None:
        times = 2 if self._chance.random() < SHARE_TWIN else 1
        for _ in range(times):
            _ = going.create_task(self._persist(http, sent))

    def _next(self) -> Sent:
        share = self._chance.random()
        asked = list(self.ledger.asked.values())[-40:]
        if asked and share < SHARE_CANCEL + SHARE_WITHDRAW:
            return self._stopping(self._chance.choice(asked), is_cancel=share < SHARE_CANCEL)
        self._number += 1
        text = f"@agent fix {self._number}, please{self._chance.choice(PRIORITIES)}"
        lane = self._chance.choice((*LANES, FOLDING_LANE))
        issue = self._chance.randint(1, FOLDING_ISSUES if lane == FOLDING_LANE else ISSUES)
        sent = asking(Comment(self._number, lane, issue, text))
        self.ledger.asked[sent.number] = sent
        return sent

    def _stopping(self, of: Sent, *, is_cancel: bool) -> Sent:
        self.ledger.stopped.setdefault(of.comment.conversation, []).append(time.time())
        self._number += 1
        return cancelling(of, 10**6 + self._number) if is_cancel else withdrawing(of)

    async def _persist(self, http: httpx.AsyncClient, sent: Sent) -> None:
        while True:
            if await self._try(http, sent):
                return
            await asyncio.sleep(self._chance.uniform(0.1, 0.6))

    async def _try(self, http: httpx.AsyncClient, sent: Sent) -> bool:
        webhook = sent.webhook
        try:
            answer = await http.post(webhook.path, content=webhook.body, headers=webhook.headers)
        except httpx.HTTPError:
            return False
        if sent.kind == "ask" and answer.status_code in OF_ONE_DELIVERY:
            told = answer.json()
            self.ledger.answers.append(
                Answer(
                    sent.number, time.time(), answer.status_code, told["status"], told.get("task_id") or ""
                )
            )
        if answer.is_client_error and answer.status_code not in OF_ANOTHER_MOMENT:
            raise RefusedError(f"{sent.kind} {sent.number} was answered {answer.status_code}: {answer.text}")
        return answer.status_code in OF_ONE_DELIVERY
