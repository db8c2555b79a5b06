"""A process that takes webhooks in for a gateway, until the gateway closes our standard input or dies."""

import asyncio
import os
import sys

import uvloop
from prometheus_client import CollectorRegistry

from hookline.addresses import Address
from hookline.bootstrap import make_gateway
from hookline.configuration import settings_for_reading
from hookline.core.lateness import tell_if_late
from hookline.domain.errors import ConfigurationError
from hookline.log_output import keep_files_private, write_log_to_stderr
from hookline.public_listener import public_listener, stop_signal
from hookline.tuning import tune_interpreter
from hookline.workers import READY


async def work() -> None:
    """Serve until the parent has gone.

    Raises:
        ConfigurationError: the gateway's settings cannot work here.
    """
    settings = settings_for_reading(os.environ)
    if settings.redis_url is None:
        raise ConfigurationError("a worker process is started by `hookline serve --workers`")
    gateway = make_gateway(settings, settings.redis_url, CollectorRegistry())
    is_over = stop_signal()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), is_over.set)
    try:
        async with public_listener(gateway, Address(settings.server.host, settings.server.port)):
            _ = sys.stdout.buffer.write(READY)
            sys.stdout.flush()
            _ = os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            _ = await is_over.wait()
            tell_if_late()
    finally:
        await gateway.close()


def main() -> None:
    """Run it, and tell an error of configuration in one sentence."""
    keep_files_private()
    write_log_to_stderr()
    tune_interpreter()
    try:
        uvloop.run(work())
    except ConfigurationError as error:
        sys.exit(f"hookline: {error}")


if __name__ == "__main__":
    main()
