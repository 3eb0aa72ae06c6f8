"""Addresses of the REST resources, below /api/v1/."""

from django.urls import path

from batches.readings.api import disputes, files, frames, sources

app_name = "readings_api"
urlpatterns = [
    path("readings/", frames.Readings.as_view(), name="readings"),
    path("readings/frames/", frames.SeveralReadings.as_view(), name="several_readings"),
    path("sources/", sources.Sources.as_view(), name="sources"),
    path("sources/<str:code>/", sources.SourceDetail.as_view(), name="source"),
    path("sources/<str:code>/sensors/", sources.SourceSensors.as_view(), name="source_sensors"),
    path("sources/<str:code>/unassigned-readings/", sources.UnassignedReadings.as_view(), name="unassigned_readings"),
    path("sources/<str:code>/clock-corrections/", sources.ClockCorrections.as_view(), name="clock_corrections"),
    path("sources/<str:code>/disputes/", disputes.Disputes.as_view(), name="disputes"),
    path("sources/<str:code>/disputes/<int:frame>/", disputes.OneDispute.as_view(), name="dispute"),
    path("sources/<str:code>/disputes/<int:frame>/resolutions/", disputes.Resolutions.as_view(), name="resolutions"),
    path(
        "batch-records/<str:number>/phases/<str:code>/instrument-files/",
        files.PhaseFiles.as_view(),
        name="phase_files",
    ),
    path(
        "batch-records/<str:number>/phases/<str:code>/instrument-files/<int:pk>/",
        files.OnePhaseFile.as_view(),
        name="phase_file",
    ),
    path(
        "batch-records/<str:number>/phases/<str:code>/instrument-files/<int:pk>/content/",
        files.PhaseFileContent.as_view(),
        name="phase_file_content",
    ),
]
