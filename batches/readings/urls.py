"""Addresses of the pages."""

from django.urls import path

from batches.readings.views import disputes, files, sources

app_name = "readings"
_PHASE = "batch-records/<str:number>/phases/<str:code>/"
urlpatterns = [
    path(f"{_PHASE}files/", files.FileList.as_view(), name="file_list"),
    path(f"{_PHASE}files/receive/", files.ReceiveFile.as_view(), name="file_receive"),
    path(f"{_PHASE}files/<int:pk>/", files.FileDetail.as_view(), name="file_detail"),
    path(f"{_PHASE}files/<int:pk>/content/", files.FileContent.as_view(), name="file_content"),
    path("sources/", sources.SourceList.as_view(), name="source_list"),
    path("sources/register/", sources.RegisterSource.as_view(), name="source_register"),
    path("sources/<str:code>/", sources.SourceDetail.as_view(), name="source_detail"),
    path("sources/<str:code>/sensors/", sources.FitSensor.as_view(), name="source_sensors"),
    path("sources/<str:code>/clock/", sources.CorrectClock.as_view(), name="source_clock"),
    path("sources/<str:code>/disputes/<int:frame>/", disputes.DisputeDetail.as_view(), name="dispute_detail"),
    path("sources/<str:code>/disputes/<int:frame>/settle/", disputes.SettleDispute.as_view(), name="dispute_settle"),
]
