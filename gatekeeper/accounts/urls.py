"""Addresses of log-in, lock and a person's own account."""

from django.urls import path

from gatekeeper.accounts import views

app_name = "accounts"
urlpatterns = [
    path("log-in/", views.LogIn.as_view(), name="log_in"),
    path("log-out/", views.LogOut.as_view(), name="log_out"),
    path("lock/", views.Lock.as_view(), name="lock"),
    path("unlock/", views.Unlock.as_view(), name="unlock"),
    path("password/", views.ChangePassword.as_view(), name="password"),
    path("accountability/", views.Accountability.as_view(), name="accountability"),
    path("people/", views.People.as_view(), name="person_list"),
    path("site/", views.ChooseSite.as_view(), name="site"),
]
