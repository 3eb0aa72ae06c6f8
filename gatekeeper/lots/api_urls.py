"""Addresses of the REST resources, below /api/v1/."""

from django.urls import path

from gatekeeper.lots import api

app_name = "lots_api"
urlpatterns = [
    path("materials/", api.Materials.as_view(), name="materials"),
    path("materials/<str:code>/", api.OneMaterial.as_view(), name="material"),
    path("lots/", api.Lots.as_view(), name="lots"),
    path("lots/<str:number>/", api.OneLot.as_view(), name="lot"),
    path("lots/<str:number>/status-history/", api.StatusHistory.as_view(), name="status_history"),
    path("lots/<str:number>/genealogy/", api.Genealogy.as_view(), name="genealogy"),
    path("lots/<str:number>/decisions/", api.Decisions.as_view(), name="decisions"),
]
