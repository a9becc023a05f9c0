"""Our values as rows, and rows as our values: a field of a dataclass is the column of the same name."""

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


def row_of(value: Any, **others: object) -> dict[str, Any]:  # noqa: ANN401 - of any dataclass
    """The columns of a dataclass' value: its fields by name, and `others` in place of some or beside them."""
    return {name: getattr(value, name) for name in value.__match_args__} | others
