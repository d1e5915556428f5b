"""The addresses of what is about orders alone, inside a tenant."""

from django.urls import URLPattern, URLResolver, path

from orders.views import cards, hooks, pictures

urlpatterns: list[URLPattern | URLResolver] = [
    path("t/<slug:slug>/orders/<int:order_id>/card/", cards.order_card, name="order_card"),
    path("t/<slug:slug>/orders/<int:order_id>/refresh/", cards.order_refresh, name="order_refresh"),
    path("t/<slug:slug>/items/<int:item_id>/picture/", pictures.item_picture, name="item_picture"),
    path("hooks/walmart/<str:token>/", hooks.walmart_hook, name="walmart_hook"),
]
