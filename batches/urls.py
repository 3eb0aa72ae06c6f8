"""Addresses of the pages."""

from django.urls import path

from batches.views import deviations, equipment, phases, records

app_name = "batches"
_PHASE = "<str:number>/phases/<str:code>/"
urlpatterns = [
    path("", records.RecordList.as_view(), name="list"),
    path("issue/", records.Issue.as_view(), name="issue"),
    path("equipment/", equipment.EquipmentList.as_view(), name="equipment_list"),
    path("equipment/register/", equipment.Register.as_view(), name="equipment_register"),
    path("equipment/<str:code>/", equipment.EquipmentDetail.as_view(), name="equipment_detail"),
    path("equipment/<str:code>/calibrate/", equipment.Calibrate.as_view(), name="equipment_calibrate"),
    path("equipment/<str:code>/geometry/", equipment.ChangeGeometry.as_view(), name="equipment_geometry"),
    path("deviations/", deviations.DeviationList.as_view(), name="deviation_list"),
    path("deviations/<str:number>/", deviations.DeviationDetail.as_view(), name="deviation_detail"),
    path("deviations/<str:number>/close/", deviations.Close.as_view(), name="deviation_close"),
    path("deviations/<str:number>/reopen/", deviations.Reopen.as_view(), name="deviation_reopen"),
    path("<str:number>/", records.RecordDetail.as_view(), name="detail"),
    path("<str:number>/complete/", records.Complete.as_view(), name="complete"),
    path("<str:number>/review/", records.Review.as_view(), name="review"),
    path("<str:number>/reopen/", records.Reopen.as_view(), name="reopen"),
    path("<str:number>/report/", deviations.Report.as_view(), name="deviation_report"),
    path(_PHASE, phases.CurrentStep.as_view(), name="phase"),
    path(f"{_PHASE}start/", phases.Start.as_view(), name="phase_start"),
    path(f"{_PHASE}materials/<str:need>/", phases.UseMaterial.as_view(), name="phase_material"),
    path(f"{_PHASE}controls/<str:control>/", phases.Enter.as_view(), name="phase_enter"),
    path(f"{_PHASE}controls/<str:control>/correct/", phases.Correct.as_view(), name="phase_correct"),
    path(f"{_PHASE}controls/<str:control>/not-done/", phases.NotDone.as_view(), name="phase_not_done"),
    path(f"{_PHASE}controls/<str:control>/check/", phases.CheckEntry.as_view(), name="phase_check"),
    path(f"{_PHASE}sign/", phases.Sign.as_view(), name="phase_sign"),
    path(f"{_PHASE}verify/", phases.Verify.as_view(), name="phase_verify"),
    path(f"{_PHASE}done/", phases.Done.as_view(), name="phase_done"),
]
