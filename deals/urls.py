"""Addresses of deals: the vendor's registrations and approvals, the partners' deals in the portal."""

from django.urls import path

from deals.views import (
    absence,
    appeals,
    approvals,
    decisions,
    opportunity,
    pipeline,
    portal,
    portal_opportunity,
    protection,
    registration,
    stages,
)
from prm.access import may, portal_only, vendor_only

app_name = "deals"
urlpatterns = [
    # The vendor
    path(
        "registrations/",
        vendor_only(may("see_registrations")(registration.RegistrationList.as_view())),
        name="registrations",
    ),
    path("registrations/<uuid:pk>/", registration.registration, name="registration"),
    path("registrations/<uuid:pk>/comments/", registration.comment, name="comment"),
    path("registrations/<uuid:pk>/extension/", protection.extend, name="extend_protection"),
    path("registrations/<uuid:pk>/release/", protection.release, name="release_protection"),
    path("registrations/<uuid:pk>/transfer/", protection.transfer, name="transfer_protection"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/absences/", absence.absences, name="absences"),
    path("approvals/absences/<uuid:pk>/end/", absence.back, name="back"),
    path("approvals/approval/", decisions.approve_many, name="approve_many"),
    path("approvals/undo/", decisions.undo_many, name="undo_many"),
    path("approvals/<uuid:pk>/", approvals.approval, name="approval"),
    path("approvals/<uuid:pk>/review/", approvals.take, name="take"),
    path("approvals/<uuid:pk>/approval/", approvals.approve, name="approve"),
    path("approvals/<uuid:pk>/rejection/", approvals.reject, name="reject"),
    path("approvals/<uuid:pk>/return/", approvals.send_back, name="send_back"),
    path("approvals/<uuid:pk>/undo/", decisions.undo, name="undo_decision"),
    path("approvals/<uuid:pk>/customer/", approvals.customer, name="confirm_customer"),
    path("approvals/<uuid:pk>/notes/", approvals.notes, name="notes"),
    path("approvals/second-reviews/<uuid:pk>/", appeals.answer, name="answer_appeal"),
    path("reserved/", registration.look_up, name="look_up"),
    path("pipeline/", pipeline.board, name="pipeline"),
    path("opportunities/", opportunity.opportunity_list, name="opportunities"),
    path("opportunities/new/", opportunity.opportunity_create, name="opportunity_create"),
    path("opportunities/<uuid:pk>/", opportunity.opportunity, name="opportunity"),
    path("opportunities/<uuid:pk>/edit/", opportunity.opportunity_edit, name="opportunity_edit"),
    path("opportunities/<uuid:pk>/stage/", opportunity.stage, name="opportunity_stage"),
    path("opportunities/<uuid:pk>/registration/", opportunity.link, name="opportunity_link"),
    path("opportunities/<uuid:pk>/forecast/", opportunity.forecast, name="opportunity_forecast"),
    path("opportunities/<uuid:pk>/move/", pipeline.move, name="opportunity_move"),
    path("settings/stages/", stages.stage_rules, name="stage_rules"),
    # The portal
    path(
        "portal/deals/",
        portal_only(may("see_registrations")(portal.PortalRegistrations.as_view())),
        name="portal_registrations",
    ),
    path("portal/deals/opportunities/", portal_opportunity.opportunities, name="portal_opportunities"),
    path("portal/deals/opportunities/<uuid:pk>/", portal_opportunity.opportunity, name="portal_opportunity"),
    path("portal/deals/opportunities/<uuid:pk>/stage/", portal_opportunity.report, name="report_stage"),
    path("portal/deals/new/", portal.new_registration, name="new_registration"),
    path("portal/deals/<uuid:pk>/", portal.registration, name="portal_registration"),
    path("portal/deals/<uuid:pk>/edit/", portal.edit_registration, name="edit_registration"),
    path("portal/deals/<uuid:pk>/recall/", portal.recall, name="recall"),
    path("portal/deals/<uuid:pk>/withdrawal/", portal.withdrawal, name="withdraw"),
    path("portal/deals/<uuid:pk>/extension/", protection.extend_own, name="extend_own"),
    path("portal/deals/<uuid:pk>/draft/", portal.discard, name="discard"),
    path("portal/deals/<uuid:pk>/appeal/", appeals.ask, name="appeal"),
    path("portal/deals/appeals/<uuid:pk>/withdrawal/", appeals.withdraw, name="withdraw_appeal"),
    path("portal/deals/<uuid:pk>/comments/", portal.comment, name="portal_comment"),
]
