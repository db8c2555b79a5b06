"""Pydantic models: strict, unchangeable, and exact about what is ours."""

from pydantic import BaseModel, ConfigDict

from architecture.project import loaded_modules
from hookline.core.payloads import ProviderModel

WRITTEN_ELSEWHERE = frozenset(
    {
        "hookline.console.checked_parts._Readiness",
        "hookline.embedded.valkey._ServerInfo",
    }
)
"""Answers of a running server, perhaps of another version, of which only some fields are read."""


def models() -> dict[str, type[BaseModel]]:
    """Every model of the package, by its full name."""
    _ = loaded_modules()
    waiting, found = [BaseModel], dict[str, type[BaseModel]]()
    while waiting:
        for model in waiting.pop().__subclasses__():
            waiting.append(model)
            if model.__module__.partition(".")[0] == "hookline":
                found[f"{model.__module__}.{model.__qualname__}"] = model
    return found


def fault_of(name: str, model: type[BaseModel]) -> str | None:
    """What a model's configuration lacks, or `None`."""
    config = model.model_config
    is_theirs = issubclass(model, ProviderModel) or name in WRITTEN_ELSEWHERE
    wanted = "ignore" if is_theirs else "forbid"
    if config.get("strict") is not True:
        return "not strict"
    if config.get("frozen") is not True:
        return "not frozen"
    return None if config.get("extra") == wanted else f"extra is not {wanted}"


def test_there_are_models_of_both_kinds() -> None:
    known = models()
    theirs = [model for model in known.values() if issubclass(model, ProviderModel)]
    assert len(theirs) > 40
    assert len(known) - len(theirs) > 10
    assert known.keys() >= WRITTEN_ELSEWHERE


def test_every_model_is_strict_and_frozen_and_exact_where_it_is_ours() -> None:
    faults = {name: fault for name, model in models().items() if (fault := fault_of(name, model))}
    assert faults == {}


def test_a_careless_model_is_found() -> None:
    lax = type("Lax", (BaseModel,), {})
    loose = type("Loose", (BaseModel,), {"model_config": ConfigDict(strict=True, frozen=True)})
    open_to_change = type("Open", (BaseModel,), {"model_config": ConfigDict(strict=True, extra="forbid")})
    tolerant = type("Tolerant", (ProviderModel,), {})
    exact = type("Exact", (ProviderModel,), {"model_config": ConfigDict(extra="forbid")})
    assert fault_of("x", lax) == "not strict"
    assert fault_of("x", loose) == "extra is not forbid"
    assert fault_of("x", open_to_change) == "not frozen"
    assert fault_of("x", tolerant) is None
    assert fault_of("x", exact) == "extra is not ignore"
