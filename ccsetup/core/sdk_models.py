"""The SDK's descriptions of AWS's services, of which only a few are used here."""

from __future__ import annotations

import os
from typing import Any

# Those that ccsetup calls, and those that the SDK itself calls for credentials.
SERVICES = ("codecommit", "iam", "signin", "sso", "sso-oidc", "sts")


def narrowed(loader: Any) -> Any:
    """Return a loader of botocore's, which now knows only these services.

    Otherwise, it looks through the folders of hundreds of services before it makes a client.
    """

    def known(type_name: str) -> list[str]:
        places = [os.path.join(path, service) for service in SERVICES for path in loader.search_paths]  # noqa: PTH118
        return [os.path.basename(place) for place in places if os.path.isdir(place)]  # noqa: PTH112, PTH119

    loader.list_available_services = known
    return loader
