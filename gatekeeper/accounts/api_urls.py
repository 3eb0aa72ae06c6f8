"""Addresses of the REST resources, below /api/v1/."""

from django.urls import path

from gatekeeper.accounts import api

app_name = "accounts_api"
_PERSON = "people/<str:username>/"
urlpatterns = [
    path("sites/", api.Sites.as_view(), name="sites"),
    path("roles/", api.Roles.as_view(), name="roles"),
    path("people/", api.People.as_view(), name="people"),
    path(_PERSON, api.OnePerson.as_view(), name="person"),
    path(f"{_PERSON}assignments/", api.Assignments.as_view(), name="assignments"),
    path(f"{_PERSON}assignments/<int:number>/end/", api.EndAssignment.as_view(), name="assignment_end"),
    path(f"{_PERSON}qualifications/", api.Qualifications.as_view(), name="qualifications"),
    path(f"{_PERSON}disable/", api.Disable.as_view(), name="disable"),
    path(f"{_PERSON}password/", api.LostPassword.as_view(), name="password"),
    path(f"{_PERSON}tokens/", api.Tokens.as_view(), name="tokens"),
    path(f"{_PERSON}tokens/<str:prefix>/revoke/", api.RevokeToken.as_view(), name="token_revoke"),
]
