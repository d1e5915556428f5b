"""Addresses of cases and of the warehouse's board."""

from django.urls import URLPattern, path

from cases.views import evidence

urlpatterns: list[URLPattern] = [
    path("t/<slug:slug>/cases/<int:case_id>/evidence/", evidence.evidence, name="case_evidence"),
    path(
        "t/<slug:slug>/cases/<int:case_id>/evidence/<int:evidence_id>/",
        evidence.evidence_file,
        name="case_evidence_file",
    ),
    path(
        "t/<slug:slug>/cases/<int:case_id>/evidence/<int:evidence_id>/removal/",
        evidence.evidence_removal,
        name="case_evidence_removal",
    ),
    path("t/<slug:slug>/cases/<int:case_id>/packs/", evidence.packs, name="case_packs"),
    path("t/<slug:slug>/cases/<int:case_id>/packs/<int:pack_id>/", evidence.pack, name="case_pack"),
]
