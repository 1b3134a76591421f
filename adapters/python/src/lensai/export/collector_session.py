from __future__ import annotations

from typing import Any, Optional
from urllib.parse import urljoin

import requests


class CollectorSession(requests.Session):
    """Sends to a collector and to nobody else: a redirection to another origin is an answer like any other, and an export
    that got it has failed. `requests` would take spans, API keys and headers of the user's own there, all but `Authorization`.
    """

    def get_redirect_target(self, resp: requests.Response) -> Optional[str]:
        target: Any = super().get_redirect_target(resp)
        if target is None:
            return None
        asked = resp.request.url or ""
        # What `requests` itself takes for another origin: from http to https of the same host is none.
        strips_auth: Any = self.should_strip_auth
        is_elsewhere = strips_auth(asked, urljoin(asked, target))
        return None if is_elsewhere else str(target)
