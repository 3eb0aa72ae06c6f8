"""Addresses of the REST resources, below /api/v1/."""

from django.urls import path

from batches.excursions.api import alarms, lots, records, rule_sets

app_name = "excursions_api"
urlpatterns = [
    path("rule-sets/<str:code>/versions/<int:version>/replays/", rule_sets.Replays.as_view(), name="replays"),
    path("batch-records/<str:number>/readings/", records.RecordReadings.as_view(), name="record_readings"),
    path("batch-records/<str:number>/excursions/", records.RecordExcursions.as_view(), name="record_excursions"),
    path("batch-records/<str:number>/alarms/", alarms.RecordAlarms.as_view(), name="record_alarms"),
    path("excursions/<int:pk>/acknowledgements/", alarms.Acknowledgements.as_view(), name="acknowledgements"),
    path("batch-records/<str:number>/exposure/", records.RecordExposure.as_view(), name="record_exposure"),
    path("lots/<str:number>/exposure/", lots.LotExposure.as_view(), name="lot_exposure"),
    path("lots/<str:number>/comparison/", lots.LotComparison.as_view(), name="lot_comparison"),
]
