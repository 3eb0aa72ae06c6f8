"""Addresses of log-in, lock and a person's own account, and of who administers people, roles, tokens and sites."""

from django.urls import path

from gatekeeper.accounts.views import entry, granting, people

app_name = "accounts"
_PERSON = "people/<str:username>/"
urlpatterns = [
    path("log-in/", entry.LogIn.as_view(), name="log_in"),
    path("log-out/", entry.LogOut.as_view(), name="log_out"),
    path("lock/", entry.Lock.as_view(), name="lock"),
    path("unlock/", entry.Unlock.as_view(), name="unlock"),
    path("password/", entry.ChangePassword.as_view(), name="password"),
    path("accountability/", entry.Accountability.as_view(), name="accountability"),
    path("site/", entry.ChooseSite.as_view(), name="site"),
    path("enrol/", people.Enrol.as_view(), name="enrol"),
    path("bring-in/", granting.BringIn.as_view(), name="bring_in"),
    path("people/", people.PersonList.as_view(), name="person_list"),
    path(_PERSON, people.PersonDetail.as_view(), name="person"),
    path(f"{_PERSON}disable/", people.Disable.as_view(), name="person_disable"),
    path(f"{_PERSON}password/", people.ReplacePassword.as_view(), name="person_password"),
    path(f"{_PERSON}assign/", granting.Assign.as_view(), name="person_assign"),
    path(f"{_PERSON}assignments/<int:number>/end/", granting.End.as_view(), name="assignment_end"),
    path(f"{_PERSON}qualify/", granting.Qualify.as_view(), name="person_qualify"),
    path(f"{_PERSON}tokens/issue/", granting.IssueToken.as_view(), name="token_issue"),
    path(f"{_PERSON}tokens/<str:prefix>/revoke/", granting.RevokeToken.as_view(), name="token_revoke"),
    path("roles/", granting.RoleList.as_view(), name="role_list"),
    path("sites/", granting.SiteList.as_view(), name="site_list"),
    path("sites/add/", granting.AddSite.as_view(), name="site_add"),
]
