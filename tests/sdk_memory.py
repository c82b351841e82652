"""What every new session of the SDK works out anew takes a fifth of the tests' time; here it is worked out once."""

from __future__ import annotations

from types import CodeType, FunctionType
from typing import Any

from botocore import hooks, loaders

SHARED = ("endpoints.json", "partitions.json")  # the SDK only adds what follows from them, and again the same


def remember() -> None:
    """Keep the names of events, what the SDK's own handlers take, and its list of endpoints for the next session."""
    names: dict[str, str] = {}
    taken: dict[CodeType, Any] = {}
    read: dict[str, Any] = {}
    alias, accepts = hooks.EventAliaser._alias_event_name, hooks.accepts_kwargs
    load = loaders.JSONFileLoader._load_file

    def aliased(self: Any, name: str) -> str:
        if name not in names:
            names[name] = alias(self, name)
        return names[name]

    def accepted(function: Any) -> Any:
        if not isinstance(function, FunctionType):
            return accepts(function)
        if function.__code__ not in taken:
            taken[function.__code__] = accepts(function)
        return taken[function.__code__]

    def loaded(self: Any, path: str, open: Any) -> Any:
        if not path.endswith(SHARED):
            return load(self, path, open)
        if path not in read:
            read[path] = load(self, path, open)
        return read[path]

    hooks.EventAliaser._alias_event_name = aliased
    hooks.accepts_kwargs = accepted
    loaders.JSONFileLoader._load_file = loaded
