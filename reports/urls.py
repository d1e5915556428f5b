"""Addresses of the SLA board and its exports."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
