"""Settings shared by all tests; registering the contracts lets pytest rewrite their assertions."""

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["servers", "databases"]

pytest.register_assert_rewrite("contracts")

settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow]
)
settings.load_profile("house")
