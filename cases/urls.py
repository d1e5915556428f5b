"""Addresses of cases and of the warehouse's board."""

from django.urls import URLPattern, URLResolver, include, path

from cases.views import cases, evidence

in_case: list[URLPattern | URLResolver] = [
    path("stages/", cases.case_stages, name="case_stages"),
    path("decision/", cases.case_decision, name="case_decision"),
    path("closure/", cases.case_closure, name="case_closure"),
]

proving: list[URLPattern | URLResolver] = [
    path("evidence/", evidence.evidence, name="case_evidence"),
    path("evidence/<int:evidence_id>/", evidence.evidence_file, name="case_evidence_file"),
    path("evidence/<int:evidence_id>/removal/", evidence.evidence_removal, name="case_evidence_removal"),
    path("packs/", evidence.packs, name="case_packs"),
    path("packs/<int:pack_id>/", evidence.pack, name="case_pack"),
]

in_tenant: list[URLPattern | URLResolver] = [
    path("cases/", cases.cases, name="cases"),
    path("cases/<int:case_id>/", include(proving)),
    path("c/<int:number>/cases/", cases.conversation_cases, name="conversation_cases"),
    path("c/<int:number>/cases/<int:case_id>/", include(in_case)),
]

urlpatterns: list[URLPattern | URLResolver] = [path("t/<slug:slug>/", include(in_tenant))]
