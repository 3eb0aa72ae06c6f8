"""Addresses of the pages."""

from django.urls import path

from batches.monitoring.views import (
    alarms,
    comparison,
    disputes,
    excursions,
    exposure,
    files,
    live,
    log_mappings,
    phases,
    rule_sets,
    sources,
)

app_name = "monitoring"
_PHASE = "batch-records/<str:number>/phases/<str:code>/"
urlpatterns = [
    path("excursions/<int:pk>/", excursions.ExcursionDetail.as_view(), name="excursion_detail"),
    path("excursions/<int:pk>/acknowledge/", alarms.AcknowledgeExcursion.as_view(), name="excursion_acknowledge"),
    path("batch-records/<str:number>/phases/<str:code>/", phases.PhaseSignals.as_view(), name="phase_signals"),
    path("batch-records/<str:number>/live/", live.Live.as_view(), name="live"),
    path("batch-records/<str:number>/live.json", live.LiveData.as_view(), name="live_data"),
    path(f"{_PHASE}files/", files.FileList.as_view(), name="file_list"),
    path(f"{_PHASE}files/receive/", files.ReceiveFile.as_view(), name="file_receive"),
    path(f"{_PHASE}files/<int:pk>/", files.FileDetail.as_view(), name="file_detail"),
    path(f"{_PHASE}files/<int:pk>/content/", files.FileContent.as_view(), name="file_content"),
    path("log-mappings/", log_mappings.LogMappingList.as_view(), name="log_mapping_list"),
    path("log-mappings/import/", log_mappings.ImportLogMapping.as_view(), name="log_mapping_import"),
    path("log-mappings/<str:code>/<int:version>/", log_mappings.LogMappingDetail.as_view(), name="log_mapping_detail"),
    path("batch-records/<str:number>/exposure/", exposure.ExposureOfRecord.as_view(), name="exposure"),
    path("lots/<str:number>/comparison/", comparison.ComparisonOfLot.as_view(), name="lot_comparison"),
    path("sources/", sources.SourceList.as_view(), name="source_list"),
    path("sources/register/", sources.RegisterSource.as_view(), name="source_register"),
    path("sources/<str:code>/", sources.SourceDetail.as_view(), name="source_detail"),
    path("sources/<str:code>/sensors/", sources.FitSensor.as_view(), name="source_sensors"),
    path("sources/<str:code>/clock/", sources.CorrectClock.as_view(), name="source_clock"),
    path("sources/<str:code>/disputes/<int:frame>/", disputes.DisputeDetail.as_view(), name="dispute_detail"),
    path("sources/<str:code>/disputes/<int:frame>/settle/", disputes.SettleDispute.as_view(), name="dispute_settle"),
    path("rule-sets/", rule_sets.RuleSetList.as_view(), name="rule_set_list"),
    path("rule-sets/import/", rule_sets.ImportRuleSet.as_view(), name="rule_set_import"),
    path("rule-sets/<str:code>/<int:version>/", rule_sets.RuleSetDetail.as_view(), name="rule_set_detail"),
    path("rule-sets/<str:code>/<int:version>/replays/", rule_sets.StartReplay.as_view(), name="rule_set_replays"),
]
