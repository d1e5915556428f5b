"""Answer with a plain page while the database is down; nothing here touches it."""

import sys

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from psycopg_pool import PoolClosed, PoolTimeout

log = structlog.get_logger(__name__)

RETRY_SECONDS = 10
# SQLSTATE classes of a server that cannot serve: connection lost, out of resources, shutting down.
OUTAGE_STATES = ("08", "53", "57P")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: the outage page when the database is away, else the page of a fault of ours.

    Django turns an exception into an answer at the edge of every middleware and calls this inside its except
    block, so a database lost in a view, in the tenant's commit or in the session all come by here.
    """
    error = sys.exc_info()[1]
    if error is None or not is_outage(error):
        return HttpResponse(render_to_string("500.html"), status=500)
    log.error("database_outage", path=request.path_info, error=type(error).__name__)
    response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    # The line above is the one line about it; Django would add a traceback for each request.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def is_outage(error: BaseException) -> bool:
    """Whether the error says that the database cannot be reached, rather than that we asked for nonsense."""
    if isinstance(error, InterfaceError | PoolTimeout | PoolClosed):
        return True
    if not isinstance(error, OperationalError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(OUTAGE_STATES)
