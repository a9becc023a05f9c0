"""Makes our values of rows: a field of a dataclass is the column of the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from sqlalchemy import Row

Value = TypeVar("Value")


def value_of(kind: type[Value], row: Row[Any], **others: object) -> Value:
    """A value of the dataclass `kind`: `others`, and for the rest of its fields the columns of the same name."""
    names: tuple[str, ...] = kind.__match_args__  # type: ignore[attr-defined]  # a dataclass has it: its fields' names
    columns = row._mapping  # noqa: SLF001 - SQLAlchemy's public name
    return kind(**{name: columns[name] for name in names if name not in others}, **others)
