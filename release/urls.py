"""Addresses of the pages."""

from django.urls import path

from release.views import certificates, gate, results

app_name = "release"
urlpatterns = [
    path("", gate.LotList.as_view(), name="list"),
    path("lots/<str:number>/", gate.Gate.as_view(), name="gate"),
    path("lots/<str:number>/review/", gate.Review.as_view(), name="review"),
    path("lots/<str:number>/release/<str:market>/", gate.Release.as_view(), name="release"),
    path("lots/<str:number>/reject/<str:market>/", gate.Reject.as_view(), name="reject"),
    path("lots/<str:number>/results/", results.ResultList.as_view(), name="result_list"),
    path("lots/<str:number>/results/enter/", results.EnterResult.as_view(), name="result_enter"),
    path("lots/<str:number>/results/review/", results.ReviewResults.as_view(), name="result_review"),
    path("lots/<str:number>/results/<int:result>/correct/", results.CorrectResult.as_view(), name="result_correct"),
    path(
        "lots/<str:number>/results/<int:result>/invalidate/",
        results.InvalidateResult.as_view(),
        name="result_invalidate",
    ),
    path("lots/<str:number>/files/receive/", results.ReceiveFile.as_view(), name="file_receive"),
    path("lots/<str:number>/files/<int:file>/", results.FileDetail.as_view(), name="file_detail"),
    path("lots/<str:number>/files/<int:file>/result/", results.MakeResult.as_view(), name="file_result"),
    path("certificates/<str:number>/", certificates.CertificateDetail.as_view(), name="certificate"),
    path("certificates/<str:number>.pdf", certificates.CertificatePdf.as_view(), name="certificate_pdf"),
    path("certificates/<str:number>.json", certificates.CertificateJson.as_view(), name="certificate_json"),
]
