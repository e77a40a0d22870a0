"""Who may do what: one table from role to capabilities. Which rows they reach is said by the querysets."""

from django.db import models
from django.utils.translation import pgettext_lazy


class VendorRole(models.TextChoices):
    ADMIN = "admin", pgettext_lazy("role", "administrator")
    PROGRAM_OWNER = "program_owner", pgettext_lazy("role", "program owner")
    CHANNEL_MANAGER = "channel_manager", pgettext_lazy("role", "channel manager")
    DEAL_DESK = "deal_desk", pgettext_lazy("role", "deal desk")
    MEDIATOR = "mediator", pgettext_lazy("role", "mediator")
    FINANCE = "finance", pgettext_lazy("role", "finance")
    MARKETING = "marketing", pgettext_lazy("role", "marketing")
    DIRECT_SALES = "direct_sales", pgettext_lazy("role", "direct sales")
    VIEWER = "viewer", pgettext_lazy("role", "viewer")


class PartnerRole(models.TextChoices):
    ADMIN = "partner_admin", pgettext_lazy("role", "partner administrator")
    SALES = "partner_sales", pgettext_lazy("role", "partner sales")
    MARKETING = "partner_marketing", pgettext_lazy("role", "partner marketing")
    FINANCE = "partner_finance", pgettext_lazy("role", "partner finance")


READS = {
    "see_partners",
    "see_customers",
    "see_opportunities",
    "see_registrations",
    "see_conflicts",
    "see_catalogue",
    "see_programs",
    "see_territories",
    "see_leads",
    "see_credit",
    "see_metrics",
    "see_activities",
    "export",
}
MANAGES = {
    "manage_partners",
    "manage_customers",
    "manage_opportunities",
    "decide_registrations",
    "settle_conflicts",
    "assign_territories",
    "manage_leads",
    "log_activities",
    "import_data",
}
OWNS = {"manage_programs", "manage_catalogue", "manage_fields", "manage_rates", "manage_territories"}

CAPABILITIES: dict[str, frozenset[str]] = {
    VendorRole.ADMIN: frozenset(
        READS | MANAGES | OWNS | {"manage_people", "manage_installation", "see_mail", "see_jobs"}
    ),
    VendorRole.PROGRAM_OWNER: frozenset(READS | MANAGES | OWNS),
    VendorRole.CHANNEL_MANAGER: frozenset(READS | MANAGES),
    VendorRole.DEAL_DESK: frozenset(
        {"see_partners", "see_registrations", "see_catalogue", "see_customers", "see_conflicts", "decide_registrations"}
    ),
    VendorRole.MEDIATOR: frozenset({"see_catalogue"}),
    VendorRole.FINANCE: frozenset(
        {
            "see_partners",
            "see_opportunities",
            "see_catalogue",
            "see_programs",
            "see_credit",
            "see_metrics",
            "export",
            "manage_rates",
        }
    ),
    VendorRole.MARKETING: frozenset(
        {"see_partners", "see_catalogue", "see_programs", "see_leads", "manage_leads", "see_credit", "see_metrics"}
    ),
    VendorRole.DIRECT_SALES: frozenset({"see_own_opportunities", "look_up_reservations", "see_catalogue"}),
    VendorRole.VIEWER: frozenset(READS),
    PartnerRole.ADMIN: frozenset(
        {
            "see_registrations",
            "register_deals",
            "see_opportunities",
            "see_catalogue",
            "see_leads",
            "work_leads",
            "see_credit",
            "see_metrics",
            "see_activities",
            "log_activities",
            "manage_colleagues",
            "import_own",
            "export",
        }
    ),
    PartnerRole.SALES: frozenset(
        {
            "see_registrations",
            "register_deals",
            "see_opportunities",
            "see_catalogue",
            "see_leads",
            "work_leads",
            "see_credit",
            "see_metrics",
            "see_activities",
            "log_activities",
            "export",
        }
    ),
    PartnerRole.MARKETING: frozenset({"see_catalogue"}),
    PartnerRole.FINANCE: frozenset({"see_catalogue", "see_credit", "see_metrics"}),
}
# What remains while a partner is suspended: it reads its own rows and does nothing.
SUSPENDED = frozenset(
    {
        "see_registrations",
        "see_opportunities",
        "see_catalogue",
        "see_leads",
        "see_credit",
        "see_metrics",
        "see_activities",
        "export",
    }
)
