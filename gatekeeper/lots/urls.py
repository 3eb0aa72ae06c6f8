"""Addresses of the pages."""

from django.urls import path

from gatekeeper.lots.views import lots, materials

app_name = "lots"
urlpatterns = [
    path("", lots.LotList.as_view(), name="list"),
    path("materials/", materials.MaterialList.as_view(), name="material_list"),
    path("materials/define/", materials.DefineMaterial.as_view(), name="material_define"),
    path("materials/<str:code>/", materials.MaterialDetail.as_view(), name="material_detail"),
    path("receive/", lots.Receive.as_view(), name="receive"),
    path("<str:number>/", lots.LotDetail.as_view(), name="detail"),
    path("<str:number>/decide/<str:verb>/", lots.Decide.as_view(), name="decide"),
]
