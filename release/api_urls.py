"""Addresses of the REST resources, below /api/v1/."""

from django.urls import path

from release import api

app_name = "release_api"
urlpatterns = [
    path("lots/<str:number>/results/", api.Results.as_view(), name="results"),
    path("lots/<str:number>/results/<int:result>/corrections/", api.Corrections.as_view(), name="corrections"),
    path("lots/<str:number>/results/<int:result>/invalidations/", api.Invalidations.as_view(), name="invalidations"),
    path("lots/<str:number>/result-reviews/", api.ResultReviews.as_view(), name="result_reviews"),
    path("lots/<str:number>/reviews/", api.BatchReviews.as_view(), name="reviews"),
    path("lots/<str:number>/gate/", api.Gate.as_view(), name="gate"),
    path("lots/<str:number>/dispositions/", api.Dispositions.as_view(), name="dispositions"),
    path("lots/<str:number>/certificates/", api.Certificates.as_view(), name="certificates"),
    path("certificates/<str:number>.pdf", api.CertificateAsPdf.as_view(), name="certificate_pdf"),
    path("certificates/<str:number>.json", api.CertificateAsJson.as_view(), name="certificate_json"),
    path("certificates/<str:number>/", api.OneCertificate.as_view(), name="certificate"),
    path("instrument-files/", api.InstrumentFiles.as_view(), name="files"),
    path("instrument-files/<int:file>/", api.OneFile.as_view(), name="file"),
    path("instrument-files/<int:file>/results/", api.FileResults.as_view(), name="file_results"),
]
