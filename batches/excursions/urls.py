"""Addresses of the pages."""

from django.urls import path

from batches.excursions.views import alarms, comparison, excursions, exposure, live, phases, rule_sets

app_name = "excursions"
urlpatterns = [
    path("<int:pk>/", excursions.ExcursionDetail.as_view(), name="excursion_detail"),
    path("<int:pk>/acknowledge/", alarms.AcknowledgeExcursion.as_view(), name="excursion_acknowledge"),
    path("batch-records/<str:number>/phases/<str:code>/", phases.PhaseSignals.as_view(), name="phase_signals"),
    path("batch-records/<str:number>/live/", live.Live.as_view(), name="live"),
    path("batch-records/<str:number>/live.json", live.LiveData.as_view(), name="live_data"),
    path("batch-records/<str:number>/exposure/", exposure.ExposureOfRecord.as_view(), name="exposure"),
    path("lots/<str:number>/comparison/", comparison.ComparisonOfLot.as_view(), name="lot_comparison"),
    path("rule-sets/<str:code>/<int:version>/replays/", rule_sets.StartReplay.as_view(), name="rule_set_replays"),
]
