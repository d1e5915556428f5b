"""Pictures of articles, from our own storage: the marketplace does not learn who looks at what."""

from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from accounts.access import needs
from accounts.files import serve_picture
from accounts.middleware import TenantRequest
from orders.models import Item


@needs("see_orders")
@require_GET
def item_picture(request: TenantRequest, slug: str, item_id: int) -> FileResponse:
    """The picture of an article; 404 while there is none."""
    item = get_object_or_404(Item, pk=item_id)
    if not item.image_path:
        raise Http404
    return serve_picture(item.image_path, name="picture")
