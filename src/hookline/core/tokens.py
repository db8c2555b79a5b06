"""Tokens: a prefix that tells what one is for, and 32 random bytes; only their hashes are stored."""

import re
import secrets
from enum import StrEnum
from hashlib import sha256

TOKEN_BYTES = 32
_SHAPE = re.compile(r"hl[wltp]_[A-Za-z0-9_-]{43}")


class TokenKind(StrEnum):
    """What a token is for."""

    WORKER = "hlw_"
    LEASE = "hll_"
    TOOL = "hlt_"
    PERSON = "hlp_"


def make_token(kind: TokenKind) -> str:
    """A fresh token."""
    return kind.value + secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(kind: TokenKind, token: str) -> str | None:
    """The SHA-256 digest of a token, in hex; `None` where it is no token of this kind."""
    if not (token.startswith(kind.value) and _SHAPE.fullmatch(token)):
        return None
    return hash_of(token)


def hash_of(token: str) -> str:
    """The SHA-256 digest of a token, in hex, as it is stored."""
    return sha256(token.encode()).hexdigest()
