"""Addresses of the pages."""

from django.urls import path

from batches.monitoring import views

app_name = "monitoring"
urlpatterns = [
    path("excursions/<int:pk>/", views.ExcursionDetail.as_view(), name="excursion_detail"),
    path("batch-records/<str:number>/phases/<str:code>/", views.PhaseSignals.as_view(), name="phase_signals"),
    path("batch-records/<str:number>/exposure/", views.ExposureOfRecord.as_view(), name="exposure"),
    path("sources/", views.SourceList.as_view(), name="source_list"),
    path("sources/register/", views.RegisterSource.as_view(), name="source_register"),
    path("sources/<str:code>/", views.SourceDetail.as_view(), name="source_detail"),
    path("rule-sets/", views.RuleSetList.as_view(), name="rule_set_list"),
    path("rule-sets/import/", views.ImportRuleSet.as_view(), name="rule_set_import"),
    path("rule-sets/<str:code>/<int:version>/", views.RuleSetDetail.as_view(), name="rule_set_detail"),
]
