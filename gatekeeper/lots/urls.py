"""Addresses of the pages."""

from django.urls import path

from gatekeeper.lots import views

app_name = "lots"
urlpatterns = [
    path("", views.LotList.as_view(), name="list"),
    path("receive/", views.Receive.as_view(), name="receive"),
    path("<str:number>/", views.LotDetail.as_view(), name="detail"),
    path("<str:number>/decide/<str:verb>/", views.Decide.as_view(), name="decide"),
]
