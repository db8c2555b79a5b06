"""A client that posts signed webhooks, some of them twice, and keeps a ledger of what it was answered."""

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import httpx

from signed_webhooks import Webhook, github, load

REPOSITORIES = ("octo/app", "octo/api", "octo/capped", "acme/site", "acme/tools")
ISSUES = 12
PRIORITIES = ("", "", " priority=low", " priority=high")
SHARE_CANCEL = 0.04
SHARE_WITHDRAW = 0.03
SHARE_TWIN = 0.15
ACCEPTED = 202
OF_ONE_DELIVERY = frozenset({200, 202})


@dataclass(frozen=True)
class Sent:
    """A webhook; `kind` is `ask`, `cancel` or `withdraw`, and `number` that of the comment it speaks of."""

    number: int
    kind: str
    repository: str
    issue: int
    webhook: Webhook

    @property
    def conversation(self) -> str:
        """The key of its conversation."""
        return f"github:{self.repository}#{self.issue}"


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


def comment(
    number: int, repository: str, issue: int, text: str, action: str = "created", delivery: str | None = None
) -> Webhook:
    """A comment on an issue of a repository."""
    payload = load("github", "issue_comment__mention")
    payload["action"] = action
    payload["comment"].update({"id": number, "body": text})
    payload["issue"].update({"number": issue, "id": 1000 + issue})
    owner, _, name = repository.partition("/")
    payload["repository"].update({"full_name": repository, "name": name, "id": 500 + len(repository)})
    payload["repository"]["owner"]["login"] = owner
    return github("issue_comment", json.dumps(payload).encode(), delivery=delivery or str(uuid.uuid4()))


class Client:
    """Sends at a mean rate, whatever the gateway does meanwhile."""

    def __init__(self, url: str, chance: Random, rate: float) -> None:
        """Keep where to send, what decides, and how many webhooks a second."""
        self._url = url
        self._chance = chance
        self._rate = rate
        self._number = 1000
        self._going: set[asyncio.Task[None]] = set()
        self.ledger = ClientLedger()
        self.is_held_back = False

    async def send_until(self, is_over: asyncio.Event) -> None:
        """Send; returns when every webhook that was begun has been answered."""
        async with httpx.AsyncClient(base_url=self._url, timeout=20) as http:
            while not is_over.is_set():
                if not self.is_held_back:
                    self._begin(http, self._next())
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._chance.expovariate(self._rate)):
                        _ = await is_over.wait()
            _ = await asyncio.gather(*self._going)

    async def send(self, sent: Sent) -> str:
        """Send one until it is answered; tells its task where it asks for one."""
        async with httpx.AsyncClient(base_url=self._url, timeout=20) as http:
            await self._persist(http, sent)
        return next((a.task for a in reversed(self.ledger.answers) if a.number == sent.number), "")

    def _begin(self, http: httpx.AsyncClient, sent: Sent) -> None:
        times = 2 if self._chance.random() < SHARE_TWIN else 1
        for _ in range(times):
            task = asyncio.create_task(self._persist(http, sent))
            self._going.add(task)
            task.add_done_callback(self._going.discard)

    def _next(self) -> Sent:
        share = self._chance.random()
        asked = list(self.ledger.asked.values())[-40:]
        if asked and share < SHARE_CANCEL + SHARE_WITHDRAW:
            return self._stopping(
                "cancel" if share < SHARE_CANCEL else "withdraw", self._chance.choice(asked)
            )
        self._number += 1
        repository = self._chance.choice(REPOSITORIES)
        issue = self._chance.randint(1, ISSUES)
        text = f"@agent fix it, please{self._chance.choice(PRIORITIES)}"
        sent = Sent(self._number, "ask", repository, issue, comment(self._number, repository, issue, text))
        self.ledger.asked[sent.number] = sent
        return sent

    def _stopping(self, kind: str, of: Sent) -> Sent:
        make: dict[str, Callable[[], Webhook]] = {
            "cancel": lambda: comment(10**6 + self._number, of.repository, of.issue, "@agent cancel"),
            "withdraw": lambda: comment(of.number, of.repository, of.issue, "@agent fix it", "deleted"),
        }
        self.ledger.stopped.setdefault(of.conversation, []).append(time.time())
        self._number += 1
        return Sent(of.number, kind, of.repository, of.issue, make[kind]())

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
        return answer.status_code in OF_ONE_DELIVERY
