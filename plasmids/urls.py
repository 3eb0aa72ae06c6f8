"""Addresses of the pages."""

from django.urls import path

from plasmids import views

app_name = "plasmids"
urlpatterns = [
    path("", views.PlasmidList.as_view(), name="list"),
    path("lots/receive/", views.ReceivePlasmidLot.as_view(), name="lot_receive"),
    path("lots/<str:number>/", views.PlasmidLotDetail.as_view(), name="lot_detail"),
    path("lots/<str:number>/release/", views.ReleasePlasmidLot.as_view(), name="lot_release"),
    path("<str:code>/", views.PlasmidDetail.as_view(), name="detail"),
]
