"""Telling by webhook: a POST of JSON with an Idempotency-Key, the same each time that the same alerts are told."""

from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import msgspec

from services.post.mail import NotTold

TIMEOUT = 15.0
SERVER_FAULT = 500
LATER = (408, 425, 429)


class _NoRedirect(HTTPRedirectHandler):
    """A hook that moved is to be named anew in the directory: what is told must not wander."""

    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401 - urllib's shape
        """Follow nothing."""


_OPENER = build_opener(_NoRedirect)


def post(address: str, key: str, content: Mapping[str, Any]) -> None:
    """Post to an http(s) address; any 2xx means that it was taken, whatever the answer says. Raises NotTold."""
    try:
        request = Request(  # noqa: S310 - the directory takes http and https only
            address,
            data=msgspec.json.encode(content),
            headers={"Content-Type": "application/json", "Idempotency-Key": key, "User-Agent": "jauap"},
            method="POST",
        )
        answer = _OPENER.open(request, timeout=TIMEOUT)
    except HTTPError as error:
        error.close()
        raise NotTold("deferred" if error.code >= SERVER_FAULT or error.code in LATER else "refused") from None
    except (URLError, HTTPException, OSError, ValueError) as error:  # what answers may be no HTTP server at all
        raise NotTold("unreachable") from error
    with suppress(HTTPException, OSError, ValueError), answer:
        answer.read(1)
