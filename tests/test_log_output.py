"""The gateway's own log: on standard error, for any logger, without what variables hold."""

from collections.abc import Iterator

import pytest
import structlog

from hookline.log_output import write_log_to_stderr

SECRET = "a body that nobody should see"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("names", [(), ("stamina",)], ids=["ours", "a library's"])
def test_it_goes_to_standard_error(names: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    write_log_to_stderr()
    structlog.get_logger(*names).warning("database.unavailable", why="gone")
    out, err = capsys.readouterr()
    assert (out, "database.unavailable" in err, "why=gone" in err) == ("", True, True)


def test_a_traceback_tells_where_and_not_what(capsys: pytest.CaptureFixture[str]) -> None:
    write_log_to_stderr()

    def fail(body: str) -> None:
        raise OverflowError(len(body))

    try:
        fail(SECRET)
    except OverflowError:
        structlog.get_logger().exception("background.failed", work="intake")
    told = capsys.readouterr().err
    assert "OverflowError" in told
    assert "test_log_output.py" in told
    assert SECRET not in told
