"""What the command line prints: outsiders' text made harmless, tables on terminals and elsewhere."""

import io
import json
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from hookline.console.attempts import attempt_line
from hookline.console.presentation import (
    Column,
    neutral,
    neutral_block,
    print_facts,
    print_json,
    print_table,
)
from hookline.console.reasons import WORDS, in_words
from hookline.domain.lifecycle import AttemptOutcome, Fence
from hookline.domain.outcome import Reason
from hookline.domain.reading import AttemptSummary
from hookline.domain.work_records import Usage

ID = "01a205a5-ca81-736b-a140-bc73cc08afb5"
COLUMNS = (Column("id"), Column("lane", fixed=False), Column("title", fixed=False))


def console(width: int = 80, *, terminal: bool = True) -> Console:
    return Console(
        file=io.StringIO(),
        width=width,
        force_terminal=terminal,
        color_system=None,
        markup=False,
        legacy_windows=False,
    )


def printed(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("\x1b[2Jgone", "\ufffd[2Jgone"),
        ("\x9b31mred", "\ufffd31mred"),
        ("a\r\nb\tc\x85d\u2028e", "a b c d e"),
        ("\u202egnp.exe\u2069", "\ufffdgnp.exe\ufffd"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("\U000e0041\u200b\ufeff", "\ufffd\ufffd\ufffd"),
        ("Zoë 日本 👩‍💻", "Zoë 日本 👩‍💻"),
    ],
)
def test_what_could_steer_a_terminal_is_replaced(text: str, harmless: str) -> None:
    assert neutral(text) == harmless


@given(st.text())
def test_nothing_of_the_controls_gets_through(text: str) -> None:
    shown = neutral(text)
    assert not [mark for mark in shown if unicodedata.category(mark) in {"Cc", "Cs", "Zl", "Zp"}]
    assert not [
        mark for mark in shown if unicodedata.bidirectional(mark) in {"LRE", "RLE", "LRO", "RLO", "PDF"}
    ]
    assert not [mark for mark in shown if unicodedata.bidirectional(mark) in {"LRI", "RLI", "FSI", "PDI"}]


def test_a_block_keeps_its_lines() -> None:
    assert neutral_block("a\r\n\tb\x1bc\rd") == "a\n\tb\ufffdc\ufffdd"


@given(st.text())
def test_json_loses_nothing_and_steers_nothing(text: str) -> None:
    out = console()
    print_json(out, {"text": text})
    assert json.loads(printed(out))["text"] == text
    assert neutral_block(printed(out)) == printed(out)


def test_a_wide_terminal_gets_a_table_with_cut_titles() -> None:
    out = console(width=100)
    print_table(out, COLUMNS, [(ID, "github:octo/app", "a long title " * 20)])
    lines = printed(out).splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(f"{ID}  github:octo/app")
    assert lines[1].rstrip().endswith("…")
    assert all(len(line) <= 100 for line in lines)


@pytest.mark.parametrize("width", [20, 60])
def test_a_narrow_terminal_gets_two_lines_and_whole_ids(width: int) -> None:
    out = console(width=width)
    print_table(out, COLUMNS, [(ID, "github:octo/app", "a long title " * 20)])
    first, second = printed(out).splitlines()
    assert first == ID
    assert second.startswith("  github:octo/app")
    assert second.endswith("…")
    assert len(second) == width


def test_wide_characters_keep_columns_straight() -> None:
    out = console(width=80)
    columns = (Column("a"), Column("b"), Column("c"))
    print_table(out, columns, [("日本", "x", "y"), ("zz", "x", "y")])
    assert printed(out).splitlines() == ["a     b  c", "日本  x  y", "zz    x  y"]


def test_markup_in_a_table_stays_text() -> None:
    out = console()
    print_table(out, COLUMNS, [(ID, "x", "[red]y[/red]")])
    assert "[red]y[/red]" in printed(out)


def test_elsewhere_a_table_is_tabs_and_whole_lines() -> None:
    out = console(width=20, terminal=False)
    print_table(out, COLUMNS, [(ID, "a\tb", "long " * 30)])
    assert printed(out) == f"id\tlane\ttitle\n{ID}\ta b\t{('long ' * 30).strip()}\n"


def test_an_empty_table_has_its_titles() -> None:
    out = console()
    print_table(out, COLUMNS, [])
    assert printed(out).split()[:3] == ["id", "lane", "title"]


def test_facts_stand_in_a_column_and_missing_ones_are_left_out() -> None:
    out = console()
    print_facts(out, {"a": "1", "long": "2", "none": None, "empty": ""})
    assert printed(out) == "a     1\nlong  2\n"


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(Reason)
    assert in_words("no_rule") == WORDS[Reason.NO_RULE]
    assert in_words("of a later version") == "of a later version"
    assert in_words(None) is None


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempt", "line"),
    [
        (
            AttemptSummary(Fence(1), "one", NOON, None, None, None),
            "1  one  2026-03-01 12:00:00Z  running",
        ),
        (
            AttemptSummary(
                Fence(2), "\x1b[2J", NOON, NOON + timedelta(hours=1), AttemptOutcome.LOST, Usage()
            ),
            "2  \ufffd[2J  2026-03-01 12:00:00Z  lost after 1h  0 tokens in, 0 out",
        ),
        (
            AttemptSummary(
                Fence(3),
                "two",
                NOON,
                NOON - timedelta(seconds=1),
                AttemptOutcome.SUCCEEDED,
                Usage(1_000, 0, 2, turns=1, cost_micro_usd=1_234_567_890),
            ),
            "3  two  2026-03-01 12:00:00Z  succeeded after 0s  1,000 tokens in, 2 out, 1 turn, $1,234.5679",
        ),
    ],
)
def test_an_attempt_is_one_line_of_what_became_of_it(attempt: AttemptSummary, line: str) -> None:
    assert attempt_line(attempt) == line
