"""Every address of the helpdesk."""

from django.urls import URLPattern, URLResolver, include, path

from helpdesk.outage import server_error

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("accounts.urls")),
    path("", include("orders.urls")),
    path("", include("inbox.urls")),
    path("", include("cases.urls")),
    path("", include("reports.urls")),
]

handler500 = server_error
