"""Addresses of the REST resources, below /api/v1/."""

from django.urls import path

from batches.monitoring import api

app_name = "monitoring_api"
urlpatterns = [
    path("readings/", api.Readings.as_view(), name="readings"),
    path("sources/", api.Sources.as_view(), name="sources"),
    path("sources/<str:code>/", api.SourceDetail.as_view(), name="source"),
    path("rule-sets/", api.RuleSets.as_view(), name="rule_sets"),
    path("rule-sets/<str:code>/versions/<int:version>/", api.OneRuleSet.as_view(), name="rule_set"),
    path("rule-sets/<str:code>/versions/<int:version>/approve/", api.ApproveRuleSet.as_view(), name="approve_rule_set"),
    path("batch-records/<str:number>/readings/", api.RecordReadings.as_view(), name="record_readings"),
    path("batch-records/<str:number>/excursions/", api.RecordExcursions.as_view(), name="record_excursions"),
    path("batch-records/<str:number>/exposure/", api.RecordExposure.as_view(), name="record_exposure"),
]
