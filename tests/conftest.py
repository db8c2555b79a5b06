"""Settings shared by all tests; registering the contracts lets pytest rewrite their assertions."""

import signal

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

import measuring

pytest_plugins = ["servers", "databases"]

pytest.register_assert_rewrite("contracts")

settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow]
)
settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def _unmeasured_children() -> None:
    """Measuring what a process covers makes it half as fast, so only those that say so are measured."""
    measuring.take_away()


@pytest.fixture(scope="session", autouse=True)
def _interruptible_children() -> None:
    """A shell lets what it runs in the background ignore Ctrl-C, and so would all that the tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Random tests walk the same lines thousands of times; measuring them takes ten times as long."""
    for item in items:
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.function):
            item.add_marker(pytest.mark.no_cover)
