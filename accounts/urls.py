"""Coming in, going out, and choosing where to go. allauth's own views, under the names it looks for."""

from allauth.account import views as allauth_views
from django.urls import path

from accounts import views

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", views.sign_in, name="account_login"),
    path("logout/", allauth_views.logout, name="account_logout"),
    path("invitation/", views.invitation, name="invitation"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
]
