"""Addresses of cases and of the warehouse's board."""

from django.urls import URLPattern, URLResolver, include, path

from cases.views import cases, evidence, warehouse, warehouse_asks

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

on_board: list[URLPattern | URLResolver] = [
    path("", warehouse.warehouse, name="warehouse"),
    path("rule/", warehouse.warehouse_rule, name="warehouse_rule"),
    path("<int:check_id>/", warehouse.warehouse_check, name="warehouse_check"),
    path("<int:check_id>/answer/", warehouse.check_answer, name="check_answer"),
    path("<int:check_id>/photo/", warehouse.check_photo, name="check_photo"),
]

in_check: list[URLPattern | URLResolver] = [
    path("withdrawal/", warehouse_asks.check_withdrawal, name="check_withdrawal"),
    path("reply/", warehouse_asks.check_reply, name="check_reply"),
    path("reply/editing/", warehouse_asks.check_reply_editing, name="check_reply_editing"),
    path("reply/cancellation/", warehouse_asks.check_reply_cancellation, name="check_reply_cancellation"),
]

in_checks: list[URLPattern | URLResolver] = [
    path("", warehouse_asks.checks, name="checks"),
    path("asking/", warehouse_asks.check_asking, name="check_asking"),
    path("<int:check_id>/", include(in_check)),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("t/<slug:slug>/", include(in_tenant)),
    path("t/<slug:slug>/warehouse/", include(on_board)),
    path("t/<slug:slug>/c/<int:number>/checks/", include(in_checks)),
]
