"""What to say about a key or a variable that nothing has: what it may have been meant to be."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from pydantic import JsonValue

from hookline.domain.errors import ConfigurationError

VARIABLES = frozenset(
    {
        "HOOKLINE_HOME",
        "HOOKLINE_CONFIG",
        "HOOKLINE_HOST",
        "HOOKLINE_PORT",
        "HOOKLINE_ADMIN_HOST",
        "HOOKLINE_ADMIN_PORT",
        "HOOKLINE_WORKERS",
    }
)
"""What is read of the environment under Hookline's own prefix."""

_PREFIX = "HOOKLINE_"
_MISTYPED = 0.85


def refuse_mistyped(environment: Mapping[str, str], further: Iterable[str]) -> None:
    """Refuse a variable that is nearly one of ours.

    Only near ones: Kubernetes puts `HOOKLINE_SERVICE_HOST` and the like beside a service of our name.

    Args:
        environment: the process's environment.
        further: variables that the file names.

    Raises:
        ConfigurationError: there is one; names it and the one that it resembles.
    """
    ours = VARIABLES | frozenset(further)
    for name in sorted(environment):
        if name.startswith(_PREFIX) and name not in ours:
            for meant in get_close_matches(name, VARIABLES, n=1, cutoff=_MISTYPED):
                raise ConfigurationError(f"{name} is no variable of Hookline: {meant} is one")


def keys_expected(schema: Mapping[str, JsonValue], place: Sequence[int | str]) -> tuple[str, ...]:
    """Which keys a JSON schema has at a place, sorted; none where it has no object there."""
    node: JsonValue = dict(schema)
    for part in place:
        node = _inside(_resolved(node, schema), part)
    properties = _mapping(_resolved(node, schema)).get("properties")
    return tuple(sorted(_mapping(properties)))


def _inside(node: JsonValue, part: int | str) -> JsonValue:
    inner = _mapping(node)
    return inner.get("items") if isinstance(part, int) else _mapping(inner.get("properties")).get(part)


def _resolved(node: JsonValue, schema: Mapping[str, JsonValue]) -> JsonValue:
    inner = _mapping(node)
    if isinstance(choices := inner.get("anyOf"), list):
        return _resolved(choices[0], schema)
    if isinstance(reference := inner.get("$ref"), str):
        return _mapping(schema.get("$defs")).get(reference.rpartition("/")[2])
    return node


def _mapping(node: JsonValue) -> Mapping[str, JsonValue]:
    return node if isinstance(node, dict) else {}
