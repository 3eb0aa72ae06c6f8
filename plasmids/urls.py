"""Addresses of the pages."""

from django.urls import path

from plasmids.views import constructs, lots

app_name = "plasmids"
urlpatterns = [
    path("", constructs.PlasmidList.as_view(), name="list"),
    path("register/", constructs.RegisterPlasmid.as_view(), name="register"),
    path("lots/receive/", lots.ReceivePlasmidLot.as_view(), name="lot_receive"),
    path("lots/<str:number>/", lots.PlasmidLotDetail.as_view(), name="lot_detail"),
    path("lots/<str:number>/results/correct/", lots.CorrectResult.as_view(), name="lot_correct"),
    path("lots/<str:number>/release/", lots.ReleasePlasmidLot.as_view(), name="lot_release"),
    path("<str:code>/", constructs.PlasmidDetail.as_view(), name="detail"),
]
