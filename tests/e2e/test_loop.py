"""The loop of the trade in one story: a lead, a registration in somebody else's territory, two meetings, a deal won.

Alpine works on a phone, the channel manager at a desk; Boreal, whose territory it is, finds no trace of it anywhere.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone, translation
from django.utils.translation import gettext
from playwright.sync_api import expect
from psycopg2.extras import DateRange

from attribution.models import Campaign, Lead, Touchpoint
from deals.axes import OPEN_STAGES
from deals.conflicts.models import Conflict
from deals.models import Opportunity
from prm.calendar import business_today
from prm.db import acting
from territories.matching.keys import index_customers
from territories.models import Territory, TerritoryAssignment, TerritoryRule
from tests import factories
from tests.access.routes import marks, pages
from tests.e2e.conftest import DESKTOP, PASSWORD, PHONE, keep_picture
from tests.errands import run_errands

COMPANY, CONTACT, MAIL = "Hospital del Mar", "Núria Soler", "nuria.soler@hospital-del-mar.example"
NOT_READ = ("/api/", "/livez", "/readyz", "/brand", "/identity/logout", "/i18n/")


def territory(name: str, code: str, countries: list[str], holder) -> None:
    """A territory of these countries, held by one partner alone."""
    since = DateRange(business_today() - timedelta(days=365), None)
    made = Territory.objects.create(name=name, code=code)
    for country in countries:
        TerritoryRule.objects.create(territory=made, country=country, period=since)
    TerritoryAssignment.assign(made, by=None, partner=holder, period=since)


NAMES = [f"{name} {trade}" for trade in ("Logistics", "Energy", "Foods", "Transport") for name in ("Aubois", "Bertin", "Corvo", "Delmas", "Estève", "Farge")]  # fmt: skip


def past_deals(manager, partners) -> None:
    """A year of trade around the story: what tiles, chart and board are compared with."""
    today, now = business_today(), timezone.now()
    for n, name in enumerate(NAMES):
        deal = factories.opportunity(
            name,
            of=partners[n % len(partners)],
            owner=manager,
            customer=factories.customer(name),
            amount=Decimal(18_000 + 7_300 * (n * 5 % 11)),
            stage=OPEN_STAGES[n // 2 % len(OPEN_STAGES)],
            expected_close_date=today + timedelta(days=9 * n),
        )
        if n % 2 == 0:
            earlier = now - timedelta(days=40 + 14 * n)
            Touchpoint.record(kind="meeting", at=earlier, partner=partners[n % 3], opportunity=deal, by=manager)
            deal.move_to("won", by=manager, on=today - timedelta(days=10 + 14 * n))


@pytest.fixture
def people(transactional_db):
    def build(language: str):
        with acting("system"):
            manager = factories.vendor_user("channel_manager", "Camille Roy", password=PASSWORD, language=language)
            alpine = factories.partner("Alpine Conseil", channel_manager=manager)
            boreal = factories.partner("Boreal Systems", channel_manager=manager, country="ES")
            cima = factories.partner("Cima Digital", channel_manager=manager, country="IT")
            sales = factories.member(alpine, "partner_sales", "Sami Haddad", password=PASSWORD, language=language)
            rival = factories.member(boreal, "partner_admin", "Rita Nordin", password=PASSWORD, language=language)
            product = factories.product("Cloud backup", "Cloud backup")
            territory("France", "FR", ["FR", "BE", "LU"], alpine)
            territory("Iberia", "IBE", ["ES", "PT"], boreal)
            territory("Italy", "IT", ["IT", "CH", "AT"], cima)
            customer = factories.customer(COMPANY, domain="hospital-del-mar.example", country="ES")
            index_customers([customer.pk])
            fair = Campaign.start(by=manager, name="Health IT Lyon", code="HIT", kind="event")
            lead = Lead.create(
                by=manager,
                company_name=COMPANY,
                contact_name=CONTACT,
                email=MAIL,
                country="ES",
                industry="Health",
                need="Keep copies of 40 servers on two sites.",
                amount=Decimal(186_000),
                currency="EUR",
                source="Trade fair",
                campaign=fair,
                customer=customer,
                lines=[product.line],
            )
            past_deals(manager, [alpine, boreal, cima])
        run_errands()
        return {"manager": manager.email, "sales": sales.email, "rival": rival.email, "lead": lead}

    return build


def log_meeting(page, title: str) -> None:
    """A meeting that took place, on the open page of a deal."""
    panel = page.locator("#activities")
    panel.locator("[name=activity-kind]").select_option("meeting")
    panel.locator("[name=activity-title]").fill(title)
    panel.get_by_role("button", name=gettext("Add"), exact=True).click()
    expect(panel).to_contain_text(title)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_from_lead_to_revenue(person, people, language):
    world = people(language)
    lead = world["lead"]
    with translation.override(language):
        # The channel manager proposes the lead to Alpine
        manager = person(language, DESKTOP).sign_in(world["manager"])
        desk = manager.page
        manager.go(lead.get_absolute_url())
        desk.click("[data-open=offer]")
        dialog = desk.locator("#offer")
        dialog.locator("[role=combobox]").fill("Alp")
        dialog.locator(".option", has_text="Alpine Conseil").click()
        dialog.locator("button.btn-primary").click()
        dialog.wait_for(state="hidden")
        with acting("system"):
            offer = lead.offers.get()
        run_errands()

        # Alpine, on a phone: the need first, who it is only after accepting
        alpine = person(language, PHONE).sign_in(world["sales"])
        phone = alpine.page
        phone.click(f"a[href='/portal/leads/{offer.pk}/'], a[href^='/portal/leads/?']")
        alpine.go(f"/portal/leads/{offer.pk}/")
        assert "40 servers" in alpine.text
        for secret in (COMPANY, CONTACT, MAIL):
            assert secret not in phone.content()
        keep_picture(phone, "lead-phone.png", language)
        phone.click(f"form[action='/portal/leads/{offer.pk}/acceptance/'] button")
        expect(phone.locator("h1")).to_have_text(COMPANY)
        for shown in (CONTACT, MAIL):
            assert shown in alpine.text

        # … and registers the deal
        phone.click(f"form[action='/portal/leads/{offer.pk}/registration/'] button")
        phone.wait_for_url("**/portal/deals/*/edit/")
        assert phone.input_value("[name=customer_name]") == COMPANY
        phone.fill("[name=customer_domain]", "hospital-del-mar.example")
        phone.check("[name=products]")
        phone.fill("[name=expected_close_date]", (business_today() + timedelta(days=60)).isoformat())
        phone.press("[name=expected_close_date]", "Tab")
        expect(phone.locator("#kept")).not_to_be_empty()
        phone.click("button[name=submit]")
        phone.wait_for_url(lambda url: url.endswith("/") and "/edit/" not in url)
        run_errands()
        with acting("system"):
            lead.refresh_from_db()
            registration = lead.converted_registration
            breach = Conflict.objects.get()
        assert (breach.rule, registration.submission_status) == ("TERR-1", "submitted")

        # The manager sees the breach where the decision is taken and among the conflicts, and dismisses it with a reason
        manager.go(f"/approvals/{registration.pk}/")
        assert "TERR-1" in manager.text
        manager.go("/conflicts/")
        desk.click(f"table a[href='/conflicts/{breach.pk}/']")
        assert "Boreal Systems" in manager.text
        keep_picture(desk, "conflict.png", language)
        desk.fill("[name=dismiss-reason]", "Boreal asked us to find another partner")
        desk.click(f"form[action='/conflicts/{breach.pk}/dismissal/'] button")
        expect(desk.locator("main")).to_contain_text("Boreal asked us")
        manager.go(f"/approvals/{registration.pk}/")
        desk.keyboard.press("a")
        desk.locator("#approve-dialog button.btn-primary").click()
        desk.locator("#approve-dialog").wait_for(state="hidden")
        with acting("system"):
            breach.refresh_from_db()
            registration.refresh_from_db()
        assert (breach.status, registration.review_status) == ("dismissed", "approved")
        run_errands()
        with acting("system"):
            deal = Opportunity.objects.get(customer__name=COMPANY)

        # Two meetings: one told by Alpine, one by the vendor
        alpine.go(f"/portal/deals/{registration.pk}/")
        log_meeting(phone, "Workshop in Barcelona")
        manager.go(f"/opportunities/{deal.pk}/")
        log_meeting(desk, "Architecture review")
        run_errands()

        # Won, by the menu of its card
        manager.go("/pipeline/")
        keep_picture(desk, "pipeline.png", language)
        card = desk.locator(f"[data-card='{deal.pk}']")
        card.locator("a").focus()
        desk.keyboard.press("m")
        desk.click("#move button[value=won]")
        desk.click("#move form:has([name=on]) button.btn-primary")
        card.wait_for(state="detached")
        run_errands()
        with acting("system"):
            deal.refresh_from_db()
        assert deal.stage == "won"

        # The figures follow: the tile, the credit of the deal, Alpine's own page
        manager.go("/home/")
        keep_picture(desk, "manager-home.png", language)
        tile = desk.locator("a.kpi[href^='/metrics/bookings/rows/']")
        with acting("system"):
            quarter = booked_this_quarter()
        assert digits(tile.locator(".kpi-value").inner_text()).startswith(str(quarter // 1000)[:3])
        tile.click()
        expect(desk.locator("main")).to_contain_text(COMPANY)
        manager.go("/metrics/bookings/")
        keep_picture(desk, "report-metric.png", language)
        manager.go("/reports/credit/")
        keep_picture(desk, "credit-report.png", language)
        assert "Alpine Conseil" in manager.text
        manager.go(f"/reports/credit/deals/{deal.pk}/")
        assert "Alpine Conseil" in manager.text
        assert "186" in manager.text
        manager.go("/territories/map/")
        keep_picture(desk, "territories-map.png", language)
        alpine.go("/portal/")
        assert COMPANY in alpine.text
        alpine.go("/portal/credit/")
        assert COMPANY in alpine.text
        assert "Boreal" not in phone.content()

        # Boreal finds no trace on any of its pages
        boreal = person(language, PHONE).sign_in(world["rival"])
        traces = [
            "Alpine",
            "Sami Haddad",
            COMPANY,
            CONTACT,
            MAIL,
            *(str(row.pk) for row in (lead, offer, registration, breach, deal)),
        ]
        read = 0
        for page in pages():
            address = page.url("x")
            if page.parameters or "public" in marks(page.view) or address.startswith(NOT_READ):
                continue
            answer = boreal.page.request.get(boreal.server + address, fail_on_status_code=False)
            assert answer.status < 500, address
            text = answer.text()
            assert [trace for trace in traces if trace in text] == [], address
            read += answer.status == 200
        assert read >= 12
        for address in (f"/portal/leads/{offer.pk}/", f"/portal/deals/{registration.pk}/", f"/conflicts/{breach.pk}/"):
            assert boreal.page.request.get(boreal.server + address).status == 404


def digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def booked_this_quarter() -> int:
    """What was won since the quarter began, added up from the deals themselves."""
    today = business_today()
    start = today.replace(month=3 * ((today.month - 1) // 3) + 1, day=1)
    won = Opportunity.objects.filter(stage="won", closed_on__gte=start)
    return int(sum(deal.amount for deal in won))
