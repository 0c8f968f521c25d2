"""Dataclasses as JSON, and back: what the processes of the desk say to each other is typed on both sides.

Reading is strict: a field that is missing, unknown or of another type is an error, since the checker's answers may
come from a process that a hostile file has taken over.
"""

import datetime
import types
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from ..errors import PrivacyError

_Value = TypeVar("_Value")
_PLAIN = (bool, int, float, str)


class MessageError(PrivacyError):
    """A message between two processes cannot be read."""


def encode(value: Any, parts: list[bytes]) -> Any:
    """Turn a value into what JSON can hold; bytes are put aside.

    Args:
        value: a dataclass, a tuple, a moment, bytes, a text, a number, a truth value or None.
        parts: where bytes go; the JSON has their places.
    """
    if is_dataclass(value) and not isinstance(value, type):
        found = {name: getattr(value, name) for name in _names(type(value))}
        return {name: each if type(each) in _PLAIN else encode(each, parts) for name, each in found.items()}
    if isinstance(value, bytes):
        parts.append(value)
        return len(parts) - 1
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat()
    if isinstance(value, tuple):
        return [encode(each, parts) for each in value]
    if value is None or isinstance(value, _PLAIN):
        return value
    raise TypeError(f"{type(value).__name__} cannot be sent")


def decode(kind: type[_Value], found: Any, parts: list[bytes]) -> _Value:
    """Read a value of a type.

    Args:
        kind: the type.
        found: what the JSON holds.
        parts: the bytes that came beside it.

    Raises:
        MessageError: it is something else.
    """
    value: _Value = _decode(kind, found, parts)
    return value


def _decode(kind: Any, found: Any, parts: list[bytes]) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        (inner,) = (each for each in get_args(kind) if each is not type(None))
        return None if found is None else _decode(inner, found, parts)
    if origin is tuple:
        if not isinstance(found, list):
            raise _refuse(kind)
        return tuple(_decode(get_args(kind)[0], each, parts) for each in found)
    if kind is bytes:
        if type(found) is not int or not 0 <= found < len(parts):
            raise _refuse(kind)
        return parts[found]
    if kind is datetime.datetime:
        return _read_moment(found)
    if is_dataclass(kind):
        return _decode_fields(kind, found, parts)
    if kind in _PLAIN and type(found) is kind:
        return found
    raise _refuse(kind)


def _decode_fields(kind: Any, found: Any, parts: list[bytes]) -> Any:
    hints = _hints(kind)
    if not isinstance(found, dict) or found.keys() != hints.keys():
        raise _refuse(kind)
    # Plans have 100,000 rows: what is plain is compared here, without another call for each value.
    return kind(
        **{
            name: found[name] if hint in _PLAIN and type(found[name]) is hint else _decode(hint, found[name], parts)
            for name, hint in hints.items()
        }
    )


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _read_moment(found: Any) -> datetime.datetime:
    try:
        moment = datetime.datetime.fromisoformat(found)
    except (TypeError, ValueError):
        raise _refuse(datetime.datetime) from None
    if moment.utcoffset() is None:
        raise _refuse(datetime.datetime)
    return moment


def _refuse(kind: Any) -> MessageError:
    return MessageError(f"a message of the desk does not hold a {getattr(kind, '__name__', kind)} where it should")
