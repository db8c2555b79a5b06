"""Shared fixtures; importing the contracts here lets pytest rewrite their assertions."""

import pytest

pytest.register_assert_rewrite("contracts")
