"""Raw bytes to strict models, once, with errors that name the field and never the value."""

import re
from functools import lru_cache
from typing import TypeVar
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict, ValidationError

from hookline.domain.errors import MalformedPayloadError
from hookline.domain.text import clean

ModelT = TypeVar("ModelT", bound=BaseModel)

_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_HIGH_THEN_LOW = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_ESCAPE_RUN = re.compile(rb"(?<!\\)((?:\\\\)*)((?:\\u[dD][89a-fA-F][0-9a-fA-F]{2})+)")
_NUL_ESCAPE = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_NUL_ESCAPE_IN_TEXT = re.compile(_NUL_ESCAPE.pattern.decode())
_FORM_FIELDS_LIMIT = 200


class ProviderModel(BaseModel):
    """A provider's payload: strict about the fields we use, tolerant about all others.

    A model is built when its first payload comes: a tenth of a start would go into all of them.
    """

    model_config = ConfigDict(
        strict=True, frozen=True, extra="ignore", hide_input_in_errors=True, defer_build=True
    )


def parse_json(provider: str, model: type[ModelT], body: bytes | str) -> ModelT:
    """Validate a JSON body.

    NUL and lone surrogate escapes, which JSON allows and no database stores, read as U+FFFD.

    Raises:
        MalformedPayloadError: not JSON, or a field we need has the wrong shape; names the field only.
    """
    body = without_nul(body)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raw = body.encode("utf-8", "replace") if isinstance(body, str) else body
        if not _is_syntax_error(error) or not _SURROGATE_ESCAPE.search(raw):
            raise MalformedPayloadError(provider, _describe(error)) from None
    try:
        return model.model_validate_json(without_lone_surrogates(raw))
    except ValidationError as error:
        raise MalformedPayloadError(provider, _describe(error)) from None


def without_nul(document: bytes | str) -> bytes | str:
    r"""Replace each `\u0000` escape by `\ufffd`; the search costs next to nothing where there is none."""
    if isinstance(document, str):
        has_nul = "\\" in document and "\\u0000" in document
        return _NUL_ESCAPE_IN_TEXT.sub(r"\1\\ufffd", document) if has_nul else document
    has_nul = b"\\" in document and rb"\u0000" in document
    return _NUL_ESCAPE.sub(rb"\1\\ufffd", document) if has_nul else document


def without_lone_surrogates(raw: bytes) -> bytes:
    r"""Replace each `\ud8xx` escape that has no partner by `\ufffd`, keeping real pairs."""
    return _ESCAPE_RUN.sub(_repair_run, raw)


def _repair_run(match: re.Match[bytes]) -> bytes:
    run = match.group(2)
    repaired: list[bytes] = []
    position = 0
    while position < len(run):
        pair = _HIGH_THEN_LOW.match(run, position)
        repaired.append(pair.group() if pair else rb"\ufffd")
        position = pair.end() if pair else position + 6
    return match.group(1) + b"".join(repaired)


def parse_form(provider: str, body: bytes) -> dict[str, str]:
    """Read an `application/x-www-form-urlencoded` body; the first value of a repeated field counts.

    Raises:
        MalformedPayloadError: not UTF-8, or absurdly many fields.
    """
    try:
        text = body.decode("utf-8")
        fields = parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=_FORM_FIELDS_LIMIT)
    except UnicodeDecodeError:
        raise MalformedPayloadError(provider, "the form is not UTF-8") from None
    except ValueError:
        raise MalformedPayloadError(provider, "the form has too many fields") from None
    return {name: clean(values[0]) for name, values in fields.items()}


def form_field(provider: str, form: dict[str, str], name: str) -> str:
    """One field of a form.

    Raises:
        MalformedPayloadError: the field is missing; names it.
    """
    value = form.get(name)
    if value is None:
        raise MalformedPayloadError(provider, f"{name}: Field required")
    return value


@lru_cache(maxsize=64)
def media_type(content_type: str) -> str:
    """The media type of a Content-Type header, in lower case, without parameters."""
    return content_type.partition(";")[0].strip().lower()


def _is_syntax_error(error: ValidationError) -> bool:
    return any(
        item["type"] == "json_invalid" for item in error.errors(include_input=False, include_url=False)
    )


def _describe(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        deep = "recursion limit" in first["msg"]
        return "the body is nested too deeply" if deep else "the body is not valid JSON"
    field = ".".join(str(part) for part in first["loc"]) or "body"
    return f"{field}: {first['msg']}"
