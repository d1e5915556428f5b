"""Addresses of the SLA board and its exports."""

from django.urls import URLPattern, path

from reports.views import board

urlpatterns: list[URLPattern] = [
    path("t/<slug:slug>/board/", board.board, name="board"),
    path("t/<slug:slug>/board/definitions/", board.board_definitions, name="board_definitions"),
    path("t/<slug:slug>/board/<slug:table>.csv", board.board_table, name="board_table"),
]
