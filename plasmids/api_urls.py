"""Addresses of the REST resources, below /api/v1/."""

from django.urls import path

from plasmids import api

app_name = "plasmids_api"
urlpatterns = [
    path("plasmids/", api.Plasmids.as_view(), name="plasmids"),
    path("plasmids/<str:code>/", api.OnePlasmid.as_view(), name="plasmid"),
    path("plasmid-lots/", api.PlasmidLots.as_view(), name="plasmid_lots"),
    path("plasmid-lots/<str:number>/", api.OnePlasmidLot.as_view(), name="plasmid_lot"),
    path("plasmid-lots/<str:number>/results/", api.Corrections.as_view(), name="corrections"),
    path("plasmid-lots/<str:number>/release/", api.Release.as_view(), name="release"),
]
