"""Addresses of campaigns, leads and touchpoints; the partners' leads in the portal."""

from django.urls import path

from attribution.reports.urls import urlpatterns as reports
from attribution.views import campaign, lead, portal, touchpoint
from prm.access import may, portal_only, vendor_only

app_name = "attribution"
urlpatterns = [
    # The vendor
    path("campaigns/", vendor_only(may("see_leads")(campaign.CampaignList.as_view())), name="campaigns"),
    path("campaigns/new/", campaign.campaign_create, name="campaign_create"),
    path("campaigns/<uuid:pk>/", campaign.campaign, name="campaign"),
    path("leads/", vendor_only(may("see_leads")(lead.LeadList.as_view())), name="leads"),
    path("leads/new/", lead.lead_create, name="lead_create"),
    path("leads/<uuid:pk>/", lead.lead, name="lead"),
    path("leads/<uuid:pk>/edit/", lead.lead_edit, name="lead_edit"),
    path("leads/<uuid:pk>/offer/", lead.offer, name="lead_offer"),
    path("leads/<uuid:pk>/contact/", lead.contact, name="lead_contact"),
    path("leads/<uuid:pk>/registration/", lead.registration, name="lead_registration"),
    path("leads/<uuid:pk>/opportunity/", lead.opportunity, name="lead_opportunity"),
    path("leads/<uuid:pk>/disqualification/", lead.disqualification, name="lead_disqualification"),
    path("leads/<uuid:pk>/reopening/", lead.reopening, name="lead_reopening"),
    path("lead-offers/<uuid:pk>/withdrawal/", lead.withdrawal, name="offer_withdrawal"),
    path("touchpoints/new/", touchpoint.touchpoint_create, name="touchpoint_create"),
    path("touchpoints/<uuid:pk>/", touchpoint.touchpoint, name="touchpoint"),
    path("touchpoints/<uuid:pk>/deletion/", touchpoint.touchpoint_delete, name="touchpoint_delete"),
    *reports,
    # The portal
    path("portal/leads/", portal_only(may("see_leads")(portal.PortalLeads.as_view())), name="portal_leads"),
    path("portal/leads/<uuid:pk>/", portal.offer, name="offer"),
    path("portal/leads/<uuid:pk>/acceptance/", portal.acceptance, name="offer_acceptance"),
    path("portal/leads/<uuid:pk>/decline/", portal.decline, name="offer_decline"),
    path("portal/leads/<uuid:pk>/contact/", portal.contact, name="offer_contact"),
    path("portal/leads/<uuid:pk>/registration/", portal.registration, name="offer_registration"),
    path("portal/leads/<uuid:pk>/disqualification/", portal.disqualification, name="offer_disqualification"),
]
