"""Which Sentry deliveries are one subject, and which repetition is a new occurrence."""

import pytest

from hookline.domain.outcome import TaskRequested
from hookline.domain.rules import Match, Rule
from hookline.webhooks.sentry.subjects import moment
from test_sentry_webhook_handler import desk

EVERYTHING = Rule(name="everything", match=Match(trigger=frozenset({"alert"})))


def joined(first: TaskRequested, second: TaskRequested) -> bool:
    return bool(set(first.keys) & set(second.keys))


class TestRepetition:
    def of(self, fixture: str, **changes: object) -> TaskRequested:
        return desk.task(fixture, EVERYTHING, **changes)

    def test_issue_alert_and_error_of_one_occurrence_are_one(self) -> None:
        created = self.of(
            "issue__created", data__issue__count="3", data__issue__lastSeen="2026-02-20T08:16:00Z"
        )
        alert, error = self.of("event_alert__triggered"), self.of("error__created")
        assert joined(created, alert)
        assert joined(created, error)
        assert joined(alert, error)
        assert created.open_key == alert.open_key == error.open_key

    @pytest.mark.parametrize(
        "first_seen",
        ["2026-02-20T08:15:30.125000+00:00", "2026-02-20T09:15:30.125+01:00", "2026-02-20T08:15:30.125"],
    )
    def test_one_time_has_many_spellings(self, first_seen: str) -> None:
        created = self.of("issue__created", data__issue__firstSeen=first_seen)
        assert joined(created, self.of("event_alert__triggered"))

    def test_a_later_event_of_the_issue_is_a_new_occurrence(self) -> None:
        later = self.of(
            "event_alert__triggered", data__event__event_id="ff", data__event__datetime="2026-02-23T08:00:00Z"
        )
        assert not joined(later, self.of("event_alert__triggered"))
        assert not joined(later, self.of("issue__created"))
        assert later.open_key == self.of("issue__created").open_key

    def test_two_rules_that_alert_about_one_event_are_one(self) -> None:
        other = self.of("event_alert__triggered", data__triggered_rule="Another rule")
        assert joined(other, self.of("event_alert__triggered"))

    def test_an_event_is_known_without_its_time(self) -> None:
        timeless = self.of("event_alert__triggered", data__event__datetime=None)
        assert joined(timeless, self.of("event_alert__triggered"))

    def test_a_retry_has_another_request_id_and_time_only(self) -> None:
        body = desk.fixture("issue__regressed")
        sent, again = (
            desk.interpret(
                body,
                {"sentry-hook-resource": "issue", "request-id": name, "sentry-hook-timestamp": time},
                EVERYTHING,
            )
            for name, time in (("r-1", "1772366400"), ("r-2", "1772366700"))
        )
        assert isinstance(sent, TaskRequested)
        assert isinstance(again, TaskRequested)
        assert sent.keys == again.keys

    def test_an_issue_is_created_once(self) -> None:
        first = self.of("issue__created")
        again = self.of("issue__created_without_addresses", data__issue__firstSeen=None)
        assert joined(first, again)

    def test_a_second_regression_is_new(self) -> None:
        second = self.of("issue__regressed", data__issue__lastSeen="2026-02-27T01:00:00Z")
        assert not joined(second, self.of("issue__regressed"))

    def test_a_regression_whose_last_event_is_not_counted_yet_is_not_the_creation(self) -> None:
        stale = self.of("issue__regressed", data__issue__lastSeen="2026-02-20T08:15:30.125000Z")
        assert not joined(stale, self.of("issue__created"))
        assert not joined(stale, self.of("event_alert__triggered"))

    def test_each_assignee_is_new(self) -> None:
        first = self.of("issue__assigned")
        other = self.of("issue__assigned", data__issue__assignedTo={"type": "user", "id": 43})
        nobody = self.of("issue__assigned", data__issue__assignedTo=None)
        again = self.of("issue__assigned", data__issue__count="2")
        assert not joined(first, other)
        assert not joined(first, nobody)
        assert joined(first, again)

    def test_a_metric_alert_repeats_by_incident_level_and_value(self) -> None:
        first = self.of("metric_alert__critical")
        twin = self.of("metric_alert__critical", installation__uuid="another")
        higher = self.of("metric_alert__critical", data__description_text="180 events in the last 10 minutes")
        warning = self.of("metric_alert__warning")
        next_incident = self.of("metric_alert__critical", data__metric_alert__id="89")
        assert joined(first, twin)
        assert not joined(first, higher)
        assert not joined(first, warning)
        assert not joined(first, next_incident)
        assert first.open_key == warning.open_key != next_incident.open_key

    def test_sources_of_two_realms_never_meet(self) -> None:
        body, headers = desk.fixture("event_alert__triggered"), {"sentry-hook-resource": "event_alert"}
        here, there = (
            desk.handler(realm=realm).interpret(desk.delivery(body, headers)) for realm in ("", "second")
        )
        assert isinstance(here, TaskRequested)
        assert isinstance(there, TaskRequested)
        assert not joined(here, there)
        assert there.open_key == "sentry@second:7001:open"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("", None),
        ("soon", "soon"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("2026-02-20T08:15:30.125999Z", "2026-02-20T08:15:30.125+00:00"),
    ],
)
def test_a_time_is_spelled_one_way(text: str | None, expected: str | None) -> None:
    assert moment(text) == expected
