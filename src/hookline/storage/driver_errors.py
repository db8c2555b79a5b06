"""Tells what a driver refused for what is in it from what it could not do."""

import os
from collections.abc import Generator
from contextlib import contextmanager

from asyncpg import DataError as AsyncpgDataError
from pydantic_core import PydanticSerializationError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from hookline.domain.errors import StorageUnavailableError, UnstorableError


@contextmanager
def translated_errors() -> Generator[None]:
    """Turn driver errors into errors of the domain, without the values they carry.

    Raises:
        StorageUnavailableError: the database could not do it.
        UnstorableError: it refused a value; asyncpg says so by SQLSTATE class 22 or before it sends anything.
    """
    try:
        yield
    except DBAPIError as error:
        refused = UnstorableError if _is_refusal(error) else StorageUnavailableError
        raise refused(_plain(error)) from error
    except (UnicodeEncodeError, OverflowError, PydanticSerializationError) as error:
        raise UnstorableError(type(error).__name__) from error
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise StorageUnavailableError(_told(error)) from error


def _is_refusal(error: DBAPIError) -> bool:
    cause = None if error.orig is None else error.orig.__cause__
    return isinstance(error, DataError | IntegrityError) or isinstance(cause, AsyncpgDataError | ValueError)


def _plain(error: DBAPIError) -> str:
    cause = None if error.orig is None else error.orig.__cause__
    return _told(cause or error.orig or error)


def _told(error: BaseException) -> str:
    """The name of the error; of an error of the system also its reason, which tells nothing stored."""
    name = type(error).__name__
    if not isinstance(error, OSError):
        return name
    number = error.errno or 0
    reason = os.strerror(number) if number > 0 else error.strerror
    return f"{name}: {reason}" if reason else name
