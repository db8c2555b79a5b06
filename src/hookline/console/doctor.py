"""`hookline doctor`: what is wrong, in words, and what to do about it."""

import asyncio
import os
from collections.abc import Mapping, Sequence

import httpx
import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.text import Text

from hookline.clock import utc_now
from hookline.configuration import settings_for_reading
from hookline.console.checked_parts import (
    ANSWER_SECONDS,
    ask_gateway,
    clock_finding,
    database_findings,
    folder_findings,
    gateway_finding,
    redis_finding,
)
from hookline.console.checked_settings import settings_findings
from hookline.console.ending import FAILED
from hookline.console.findings import Finding, Level, has_problem, problem
from hookline.console.presentation import neutral, plain, print_json, screen
from hookline.domain.errors import ConfigurationError
from hookline.embedded.made_secrets import read_made_secrets
from hookline.settings import Settings

_FINDINGS: TypeAdapter[Sequence[Finding]] = TypeAdapter(Sequence[Finding])
_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}


def examine(as_json: bool) -> None:
    """Print what was found.

    Raises:
        typer.Exit: something does not work.
    """
    findings = find(os.environ)
    out = screen()
    if as_json:
        print_json(out, {"findings": plain(_FINDINGS, findings), "next": None})
    else:
        for finding in findings:
            _print(out, finding)
    if has_problem(findings):
        raise typer.Exit(FAILED)


def find(environment: Mapping[str, str]) -> list[Finding]:
    """Look at everything."""
    try:
        settings = settings_for_reading(environment)
        made: Mapping[str, str] = read_made_secrets(settings.home) if settings.is_embedded else {}
    except ConfigurationError as error:
        return [problem("settings", str(error), "correct it; nothing else could be looked at")]
    return [*settings_findings(settings, made), *_of_parts(settings)]


def _of_parts(settings: Settings) -> list[Finding]:
    with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False) as client:
        answer = ask_gateway(settings, client)

    async def ask() -> list[Finding]:
        return [*await database_findings(settings, utc_now), await redis_finding(settings, answer)]

    try:
        asked = asyncio.run(ask())
    except ConfigurationError as error:
        asked = [problem("database", str(error), "correct DATABASE_URL")]
    return [gateway_finding(answer), *asked, clock_finding(answer, utc_now), *folder_findings(settings)]


def _print(out: Console, finding: Finding) -> None:
    line = Text(f"{finding.level.value:<8}", style=_STYLES[finding.level])
    _ = line.append(f" {neutral(finding.about)}: {neutral(finding.words)}", style="default")
    out.print(line, soft_wrap=True)
    if finding.remedy:
        out.print(Text(f"         {neutral(finding.remedy)}"), soft_wrap=True)
