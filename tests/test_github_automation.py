import pytest

from github_deliveries import SENT, changed, delivery, expect, handler, interpret, load, on, reason, task
from hookline.domain.command import Verb
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.outcome import Ignored, Reason, TaskRequested, Trigger
from hookline.domain.rules import Allow, Run

FIX = Run(verb=Verb.FIX)
ON_FAILURE = on("check_failure", FIX)


def test_a_failed_check_belongs_to_its_pull_request() -> None:
    asked = task("check_run__failure", ON_FAILURE)
    assert asked.trigger is Trigger.CHECK_FAILURE
    assert asked.command.verb is Verb.FIX
    assert asked.command.text == asked.facts.title == "unit tests: failure"
    assert asked.facts.conversation == "github:octo/app#34"
    assert asked.facts.origin == "github:octo/app:check_run/41"
    assert asked.plan.base == "release-2"
    assert asked.keys[2] == "github:subject:octo/app:check_run/41/2026-03-01T11:44:00Z"


def test_a_failed_run_without_a_pull_request_belongs_to_its_branch() -> None:
    asked = task("workflow_run__timed_out", ON_FAILURE)
    assert asked.facts.conversation == "github:octo/app@refs/heads/main"
    assert asked.facts.origin == "github:octo/app:workflow_run/51"
    assert asked.plan.base == "main"
    assert asked.keys[2] == "github:subject:octo/app:workflow_run/51/2"


def test_the_title_of_a_run_holds_no_commit_message() -> None:
    assert task("workflow_run__timed_out", ON_FAILURE).command.text == "CI: timed_out"


def test_a_pull_request_of_another_repository_is_not_the_conversation() -> None:
    def move(payload: dict) -> None:
        payload["check_run"]["pull_requests"][0]["base"]["repo"]["id"] = 777

    asked = task("check_run__failure", ON_FAILURE, payload=changed("check_run__failure", move))
    assert asked.facts.conversation == "github:octo/app@refs/heads/login-clock"
    assert asked.plan.base == "login-clock"


@pytest.mark.parametrize("fixture", ["check_run__failure", "workflow_run__timed_out"])
def test_by_default_a_failure_starts_nothing(fixture: str) -> None:
    assert reason(fixture) is Reason.NO_RULE


@pytest.mark.parametrize(
    ("fixture", "detail"), [("check_run__success", "success"), ("workflow_run__requested", "requested")]
)
def test_what_has_not_failed_is_not_used(fixture: str, detail: str) -> None:
    ignored = expect(Ignored, interpret(fixture, ON_FAILURE))
    assert (ignored.reason, ignored.detail) == (Reason.ACTION_NOT_USED, detail)
    assert ignored.facts.origin is not None


@pytest.mark.parametrize("conclusion", ["cancelled", "neutral", "skipped", "action_required", "stale", None])
def test_only_failure_and_time_out_are_failures(conclusion: str | None) -> None:
    payload = changed("check_run__failure", lambda p: p["check_run"].update(conclusion=conclusion))
    assert reason("check_run__failure", ON_FAILURE, payload=payload) is Reason.ACTION_NOT_USED


def test_a_failed_check_that_is_asked_again_is_not_completed() -> None:
    payload = load("check_run__failure") | {"action": "rerequested"}
    assert reason("check_run__failure", ON_FAILURE, payload=payload) is Reason.ACTION_NOT_USED


def test_rules_choose_by_name_and_conclusion() -> None:
    by_name = on("check_failure", FIX, label=frozenset({"unit tests"}), level=frozenset({"failure"}))
    assert task("check_run__failure", by_name).plan.rule == "on-check_failure"
    assert reason("workflow_run__timed_out", by_name) is Reason.NO_RULE


@pytest.mark.parametrize("fixture", ["check_run__failure_on_fork", "workflow_run__failure_on_fork"])
def test_the_code_of_a_fork_needs_somebody_named(fixture: str) -> None:
    ignored = expect(Ignored, interpret(fixture, ON_FAILURE))
    assert ignored.reason is Reason.NOT_ALLOWED
    sha = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
    assert ignored.facts.conversation == f"github:octo/app@{sha}"
    named = on("check_failure", FIX, allow=Allow(users=frozenset({"eve-octo"})))
    assert task(fixture, named).plan.base == "main"


def test_a_second_attempt_is_another_subject() -> None:
    again = changed("workflow_run__timed_out", lambda p: p["workflow_run"].update(run_attempt=3))
    first = task("workflow_run__timed_out", ON_FAILURE)
    second = task("workflow_run__timed_out", ON_FAILURE, payload=again)
    assert first.keys[2] != second.keys[2]


def test_our_own_check_is_our_own_word() -> None:
    assert reason("check_run__failure", ON_FAILURE, ours=frozenset({"ci-app"})) is Reason.OWN_WORDS


def test_a_push_belongs_to_its_ref() -> None:
    asked = task("push__branch", on("push", Run(verb=Verb.REVIEW, text="the push")))
    assert asked.trigger is Trigger.PUSH
    assert (asked.command.verb, asked.command.text) == (Verb.REVIEW, "the push")
    assert asked.facts.conversation == "github:octo/app@refs/heads/main"
    assert asked.facts.title == "Inject the clock"
    assert asked.plan.base == "main"
    assert asked.keys[2] == f"github:subject:octo/app:push/refs/heads/main/{'2' * 40}"


def test_by_default_a_push_starts_nothing_whatever_its_message_says() -> None:
    assert reason("push__branch") is Reason.NO_RULE


def test_rules_choose_the_ref_of_a_push() -> None:
    assert reason("push__branch", on("push", label=frozenset({"refs/heads/dev"}))) is Reason.NO_RULE
    assert task("push__branch", on("push", label=frozenset({"refs/heads/main"}))).facts.event == "push"


def test_a_pushed_tag_starts_from_the_default_branch() -> None:
    payload = load("push__branch") | {"ref": "refs/tags/v1"}
    asked = task("push__branch", on("push"), payload=payload)
    assert asked.facts.conversation == "github:octo/app@refs/tags/v1"
    assert asked.plan.base == "main"


def test_a_deleted_ref_is_not_used() -> None:
    ignored = expect(Ignored, interpret("push__tag_deleted", on("push")))
    assert (ignored.reason, ignored.detail) == (Reason.ACTION_NOT_USED, "deleted")


def test_a_dispatch_does_what_its_rule_says() -> None:
    rule = on("dispatch", Run(verb=Verb.ANALYZE), action=frozenset({"nightly check"}))
    asked = task("repository_dispatch__nightly", rule)
    assert asked.trigger is Trigger.DISPATCH
    assert (asked.command.verb, asked.command.text) == (Verb.ANALYZE, "nightly check")
    assert asked.facts.action == "nightly check"
    assert asked.facts.conversation == "github:octo/app@refs/heads/main"
    assert asked.facts.origin == f"github:octo/app:dispatch/{SENT}"
    assert reason("repository_dispatch__nightly") is Reason.NO_RULE


def test_the_same_dispatch_again_is_meant_again() -> None:
    body = (
        b'{"action":"go","branch":"main","client_payload":null,"repository":{"id":1,"full_name":"octo/app"}}'
    )
    keys = []
    for sent in ("one", "two", ""):
        outcome = handler(on("dispatch")).interpret(
            delivery("repository_dispatch", body, {"x-github-delivery": sent})
        )
        keys.append(expect(TaskRequested, outcome).keys)
    assert keys[:2] == [("github:delivery:one",), ("github:delivery:two",)]
    assert len(keys[2]) == 1
    assert keys[2][0].startswith("github:body:")


def test_another_signed_body_is_no_dispatch() -> None:
    with pytest.raises(MalformedPayloadError, match="branch"):
        interpret("repository_dispatch__nightly", on("dispatch"), payload=load("issue_comment__mention"))


@pytest.mark.parametrize(
    ("fixture", "trigger"),
    [
        ("check_run__failure", "check_failure"),
        ("workflow_run__timed_out", "check_failure"),
        ("push__branch", "push"),
        ("repository_dispatch__nightly", "dispatch"),
    ],
)
@pytest.mark.parametrize(
    ("sender", "expected"),
    [("issue_comment__by_bot", Reason.BOT), ("issue_comment__own_words", Reason.OWN_WORDS)],
)
def test_no_bot_sets_off_another(fixture: str, trigger: str, sender: str, expected: Reason) -> None:
    payload = load(fixture) | {"sender": load(sender)["sender"]}
    assert reason(fixture, on(trigger, FIX), payload=payload) is expected
