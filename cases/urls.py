"""Addresses of cases and of the warehouse's board."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
