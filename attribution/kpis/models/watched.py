"""The rows figures are made of, watched by triggers, so that imports and bulk writes are seen as verbs are.

Each statement that changes them leaves notes (``Dirty``) in its own transaction. The triggers stand on proxies because the
apps below know nothing of figures; the proxies are for nothing else.
"""

from __future__ import annotations

import pgtrigger

from attribution.models import LeadOffer
from attribution.models.credit import Credit
from deals.conflicts.models import Conflict
from deals.models import (
    Approval,
    DealRegistration,
    Opportunity,
    OpportunityLine,
    OpportunityParticipant,
    RegistrationLine,
    StageChange,
)
from partners.catalogue.models import Product
from prm.money.models import ExchangeRate
from territories.models import Customer, Territory, TerritoryRule
from territories.models.customer import CustomerAddress

NOTE = """
INSERT INTO kpis_dirty (id, source, source_id)
SELECT uuidv7(), '{source}', named.id FROM (SELECT DISTINCT {column} AS id FROM changed {where}) named WHERE named.id IS NOT NULL;
"""
# A rate counts for the deals of its currency that are open, or closed from its day on.
NOTE_RATES = """
INSERT INTO kpis_dirty (id, source, source_id)
SELECT uuidv7(), 'opportunity', o.id FROM deals_opportunity o
JOIN (SELECT currency, min(day) AS day FROM changed GROUP BY currency) rate ON rate.currency = o.currency
WHERE o.closed_on IS NULL OR o.closed_on >= rate.day;
"""
# Where a deal or a registration lies follows from its customer, and from the rules of that country.
NOTE_CUSTOMERS = """
INSERT INTO kpis_dirty (id, source, source_id)
SELECT uuidv7(), 'opportunity', o.id FROM deals_opportunity o WHERE o.customer_id IN (SELECT {column} FROM changed);
INSERT INTO kpis_dirty (id, source, source_id)
SELECT uuidv7(), 'registration', a.registration_id FROM deals_approval a WHERE a.customer_id IN (SELECT {column} FROM changed);
"""
OF_COUNTRIES = """
INSERT INTO kpis_dirty (id, source, source_id)
SELECT uuidv7(), 'opportunity', o.id FROM deals_opportunity o JOIN territories_customer c ON c.id = o.customer_id
WHERE c.country IN ({countries}) OR '' IN ({countries});
INSERT INTO kpis_dirty (id, source, source_id)
SELECT uuidv7(), 'registration', r.id FROM deals_dealregistration r
LEFT JOIN deals_approval a ON a.registration_id = r.id AND a.submission = r.submission
LEFT JOIN territories_customer c ON c.id = a.customer_id
WHERE r.submitted_at IS NOT NULL
    AND (coalesce(nullif(c.country, ''), r.customer_country) IN ({countries}) OR '' IN ({countries}));
"""
NOTE_RULES = OF_COUNTRIES.format(countries="SELECT country FROM changed")
NOTE_TERRITORIES = OF_COUNTRIES.format(
    countries="""
        SELECT r.country FROM territories_territoryrule r JOIN was ON was.id = r.territory_id JOIN now_is ON now_is.id = was.id
        WHERE (was.active, was.path, was.code) IS DISTINCT FROM (now_is.active, now_is.path, now_is.code)
    """
)
# A product that moves to another line takes its registrations along.
NOTE_PRODUCTS = """
INSERT INTO kpis_dirty (id, source, source_id)
SELECT uuidv7(), 'registration', l.registration_id FROM deals_registrationline l
JOIN was ON was.id = l.product_id JOIN now_is ON now_is.id = was.id WHERE was.line_id <> now_is.line_id;
"""


def noted(*notes: str) -> list[pgtrigger.Trigger]:
    """Triggers that leave these notes for the rows a statement adds, changes (as they were and as they are) or takes away."""
    func = "".join(notes) + "RETURN NULL;"
    before_and_after = func.replace(
        "FROM changed", "FROM (SELECT * FROM was UNION ALL SELECT * FROM now_is) AS changed"
    )
    kinds = (
        ("insert", pgtrigger.Insert, pgtrigger.Referencing(new="changed"), func),
        ("update", pgtrigger.Update, pgtrigger.Referencing(old="was", new="now_is"), before_and_after),
        ("delete", pgtrigger.Delete, pgtrigger.Referencing(old="changed"), func),
    )
    return [
        pgtrigger.Trigger(
            name=f"note_metrics_{name}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=rows,
            func=text,
        )
        for name, operation, rows, text in kinds
    ]


def note(source: str, column: str, where: str = "") -> str:
    return NOTE.format(source=source, column=column, where=where)


class CountedOpportunity(Opportunity):
    class Meta:
        proxy = True
        triggers = noted(note("opportunity", "id"), note("credit", "id"))


class CountedOpportunityLine(OpportunityLine):
    class Meta:
        proxy = True
        triggers = noted(note("opportunity", "opportunity_id"))


class CountedParticipant(OpportunityParticipant):
    class Meta:
        proxy = True
        triggers = noted(note("opportunity", "opportunity_id"))


class CountedStageChange(StageChange):
    class Meta:
        proxy = True
        triggers = noted(note("opportunity", "opportunity_id"))


class CountedRegistration(DealRegistration):
    class Meta:
        proxy = True
        triggers = noted(note("registration", "id", "WHERE submitted_at IS NOT NULL"))  # a draft counts for nothing


class CountedRegistrationLine(RegistrationLine):
    class Meta:
        proxy = True
        triggers = noted(
            note(
                "registration",
                "registration_id",
                "WHERE registration_id IN (SELECT id FROM deals_dealregistration WHERE submitted_at IS NOT NULL)",
            )
        )


class CountedProduct(Product):
    class Meta:
        proxy = True
        triggers = [trigger for trigger in noted(NOTE_PRODUCTS) if trigger.operation == pgtrigger.Update]


class CountedApproval(Approval):
    class Meta:
        proxy = True
        # A new file comes with a change of its registration.
        triggers = [
            trigger
            for trigger in noted(note("registration", "registration_id"))
            if trigger.operation != pgtrigger.Insert
        ]


class CountedConflict(Conflict):
    class Meta:
        proxy = True
        triggers = noted(note("conflict", "id"))


class CountedLeadOffer(LeadOffer):
    class Meta:
        proxy = True
        triggers = noted(note("lead_offer", "id"))


class CountedCredit(Credit):
    class Meta:
        proxy = True
        triggers = noted(note("credit", "opportunity_id"))


class CountedRate(ExchangeRate):
    class Meta:
        proxy = True
        triggers = noted(NOTE_RATES)


class CountedCustomer(Customer):
    class Meta:
        proxy = True
        triggers = noted(NOTE_CUSTOMERS.format(column="id"))


class CountedCustomerAddress(CustomerAddress):
    class Meta:
        proxy = True
        triggers = noted(NOTE_CUSTOMERS.format(column="customer_id"))


class CountedCustomerParent(Customer.parents.through):  # type: ignore[name-defined]
    class Meta:
        proxy = True
        triggers = noted(NOTE_CUSTOMERS.format(column="from_customer_id"))


class CountedTerritoryRule(TerritoryRule):
    class Meta:
        proxy = True
        triggers = noted(NOTE_RULES)


class CountedTerritory(Territory):
    class Meta:
        proxy = True
        triggers = [trigger for trigger in noted(NOTE_TERRITORIES) if trigger.operation == pgtrigger.Update]
