"""Tokens tell their kind, cannot be guessed, and are stored as hashes."""

import pytest

from hookline.core.tokens import TokenKind, hash_of, make_token, token_hash


@pytest.mark.parametrize("kind", TokenKind)
def test_a_token_is_known_by_its_hash_and_as_its_kind_only(kind: TokenKind) -> None:
    token = make_token(kind)
    assert token_hash(kind, token) == hash_of(token)
    assert len(hash_of(token)) == 64
    assert all(token_hash(other, token) is None for other in TokenKind if other is not kind)
    assert make_token(kind) != token


@pytest.mark.parametrize(
    "token", ["", "hlw_", "hlw_" + "x" * 42, "hlw_" + "x" * 44, "hlw_" + "ü" * 43, "hlw_" + "x" * 42 + "\n"]
)
def test_what_has_not_the_shape_of_a_token_is_none(token: str) -> None:
    assert token_hash(TokenKind.WORKER, token) is None
