"""The SDK's descriptions of AWS's services, found without a look through all of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any


def quick(loader: Any) -> Any:
    """Return a loader of botocore's, which now looks for a service in the folder of its name only.

    Otherwise, it looks through the folders of hundreds of services before it makes a client.
    """
    list_all = loader.list_available_services
    loader.list_available_services = lambda type_name: _Services(loader.search_paths, lambda: list_all(type_name))
    return loader


class _Services:
    """The names of services. The whole list is made only for those who go through it."""

    def __init__(self, places: Sequence[str], list_all: Callable[[], Sequence[str]]) -> None:
        self._places, self._list_all = places, list_all

    def __contains__(self, name: str) -> bool:
        return any(os.path.isdir(os.path.join(place, name)) for place in self._places)  # noqa: PTH112, PTH118

    def __iter__(self) -> Iterator[str]:
        return iter(self._list_all())
