"""Documents become models: cleaned, strict, and with errors that never tell a value."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.core.payloads import ProviderModel, parse_form, parse_json, without_lone_surrogates, without_nul
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.text import CleanText, ExternalId, clean, one_line, shorten


class Note(ProviderModel):
    text: CleanText
    id: ExternalId = "0"


@pytest.mark.parametrize(
    ("escaped", "read"),
    [
        (r"\u0000", "\ufffd"),
        (r"a\u0000\u0000b", "a\ufffd\ufffdb"),
        (r"\\u0000", r"\u0000"),
        (r"\\\u0000", "\\\ufffd"),
        (r"\ud800", "\ufffd"),
        (r"\udc00\ud800", "\ufffd\ufffd"),
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\ud800\ud83d\ude00\udc00", "\ufffd\U0001f600\ufffd"),
        (r"\\ud800", r"\ud800"),
        (r"\u0000\ud800", "\ufffd\ufffd"),
    ],
)
def test_what_cannot_be_stored_reads_as_a_replacement(escaped: str, read: str) -> None:
    document = f'{{"text": "{escaped}", "unused": "{escaped}"}}'
    assert parse_json("github", Note, document.encode()).text == read
    assert parse_json("github", Note, document).text == read


@given(st.text())
def test_documents_without_escapes_of_nul_are_left_as_they_are(text: str) -> None:
    document = json.dumps({"text": text}, ensure_ascii=False)
    if "\x00" not in text:
        assert without_nul(document) == document
    assert clean(text).count("\x00") == 0


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_survives_as_its_cleaned_self(text: str) -> None:
    body = json.dumps({"text": text}).encode()
    assert parse_json("github", Note, body).text == clean(json.loads(body)["text"])


@given(st.binary())
def test_repairing_any_bytes_is_harmless(raw: bytes) -> None:
    assert isinstance(without_lone_surrogates(raw), bytes)
    assert isinstance(without_nul(raw), bytes)


@pytest.mark.parametrize(("raw", "read"), [("17", "17"), ('"17"', "17")])
def test_ids_are_text(raw: str, read: str) -> None:
    assert parse_json("github", Note, f'{{"text": "", "id": {raw}}}').id == read


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"text": 5, "id": "secret"}', "text: "),
        ('{"id": "secret"}', "text: "),
        ('{"text": "", "id": true}', "id: "),
        ('{"text": "", "id": {"secret": 1}}', "id: "),
        ('{"text": "secret', "not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_errors_name_the_field_and_never_the_value(body: str, why: str) -> None:
    with pytest.raises(MalformedPayloadError) as caught:
        parse_json("github", Note, body)
    assert why in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("body", [b"payload=%FF", b"\xff", b"&".join([b"a=b"] * 300)])
def test_hostile_forms_are_refused(body: bytes) -> None:
    with pytest.raises(MalformedPayloadError):
        parse_form("slack", body)


def test_form_values_are_cleaned_and_the_first_counts() -> None:
    assert parse_form("slack", b"a=%00x&a=2&b=") == {"a": "\ufffdx", "b": ""}


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_shortened_text_fits(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit
    assert "\n" not in one_line(text, limit)
