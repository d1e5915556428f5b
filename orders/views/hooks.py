"""Where the marketplaces' webhooks come in."""

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.tenancy import tenant_tx
from marketplaces import hooks
from orders import asking

log = structlog.get_logger(__name__)


@csrf_exempt
@require_POST
def walmart_hook(request: HttpRequest, token: str) -> HttpResponse:
    """Take a delivery; whoever sends anything else is told nothing, not even why."""
    content = request.read(hooks.LARGEST + 1)
    now = timezone.now()
    try:
        if len(content) > hooks.LARGEST:
            raise hooks.Refused("size")
        target = request.get_full_path()
        hint = hooks.receive(
            token, content, request.headers, method=request.method or "", target=target, now=now
        )
    except hooks.Refused as refused:
        log.warning("webhook refused", reason=str(refused), size=len(content))
        return HttpResponse(status=404)
    if hint.orders:
        with tenant_tx(hint.account.tenant_id):
            asking.hinted(hint.account, hint.orders, now=now)
    return HttpResponse(status=200)
