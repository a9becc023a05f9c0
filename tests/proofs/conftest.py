"""The store of the pages' tests."""

from tests.web.conftest import store

__all__ = ["store"]
