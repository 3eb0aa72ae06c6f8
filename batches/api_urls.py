"""Addresses of the REST resources, below /api/v1/."""

from django.urls import path

from batches.api import deviations, equipment, records

app_name = "batches_api"
_RECORD = "batch-records/<str:number>/"
_PHASE = f"{_RECORD}phases/<str:code>/"
urlpatterns = [
    path("batch-records/", records.BatchRecords.as_view(), name="records"),
    path(_RECORD, records.OneRecord.as_view(), name="record"),
    path(f"{_RECORD}complete/", records.Complete.as_view(), name="complete"),
    path(f"{_RECORD}review/", records.Review.as_view(), name="review"),
    path(f"{_RECORD}reopen/", records.Reopen.as_view(), name="reopen"),
    path(f"{_RECORD}yields/", records.Yields.as_view(), name="yields"),
    path(f"{_RECORD}deviations/", deviations.RecordDeviations.as_view(), name="record_deviations"),
    path(f"{_RECORD}phases/", records.Phases.as_view(), name="phases"),
    path(_PHASE, records.OnePhase.as_view(), name="phase"),
    path(f"{_PHASE}start/", records.Start.as_view(), name="start_phase"),
    path(f"{_PHASE}materials/", records.PhaseMaterials.as_view(), name="phase_materials"),
    path(f"{_PHASE}results/", records.Results.as_view(), name="results"),
    path(f"{_PHASE}results/<str:control>/verify/", records.CheckResult.as_view(), name="verify_result"),
    path(f"{_PHASE}sign/", records.SignPhase.as_view(), name="sign_phase"),
    path(f"{_PHASE}verify/", records.VerifyPhase.as_view(), name="verify_phase"),
    path("deviations/", deviations.Deviations.as_view(), name="deviations"),
    path("deviations/<str:number>/", deviations.OneDeviation.as_view(), name="deviation"),
    path("deviations/<str:number>/close/", deviations.CloseDeviation.as_view(), name="close_deviation"),
    path("deviations/<str:number>/reopen/", deviations.ReopenDeviation.as_view(), name="reopen_deviation"),
    path("equipment/", equipment.EquipmentList.as_view(), name="equipment"),
    path("equipment/<str:code>/", equipment.OneEquipment.as_view(), name="one_equipment"),
    path("equipment/<str:code>/calibrations/", equipment.Calibrations.as_view(), name="calibrations"),
    path("equipment/<str:code>/geometry/", equipment.Geometry.as_view(), name="geometry"),
]
