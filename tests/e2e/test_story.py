"""The first path, as its people walk it: Alpine registers, the manager decides, Alpine reads the answer, Boreal finds no trace."""

from __future__ import annotations

import datetime

import pytest
from django.utils import translation
from django.utils.translation import pgettext
from playwright.sync_api import expect

from deals.conflicts.models import Conflict
from deals.models import DealRegistration
from prm.db import acting
from territories.matching.keys import index_customers
from tests import factories
from tests.e2e.conftest import DESKTOP, PASSWORD, PHONE, keep_picture
from tests.errands import run_errands


@pytest.fixture
def people(transactional_db):
    def build(language: str):
        with acting("system"):
            manager = factories.vendor_user("channel_manager", "Camille Roy", password=PASSWORD, language=language)
            alpine = factories.partner("Alpine Conseil", channel_manager=manager)
            boreal = factories.partner("Boreal Systems", channel_manager=manager)
            sales = factories.member(alpine, "partner_sales", "Sami Haddad", password=PASSWORD, language=language)
            rival = factories.member(boreal, "partner_sales", "Rita Nordin", password=PASSWORD, language=language)
            product = factories.product("Cloud backup", "Cloud backup")
            customer = factories.customer("Hôpital du Lac", domain="hopital-du-lac.example")
            index_customers([customer.pk])
            factories.submitted(
                rival, products=[product], customer_name="Hopital du Lac", customer_domain="www.hopital-du-lac.example"
            )
        run_errands()
        return {"manager": manager.email, "sales": sales.email, "rival": rival.email}

    return build


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_hospital_registered_twice(person, people, language):
    mails = people(language)
    with translation.override(language):
        # Alpine, on a phone
        alpine = person(language, PHONE).sign_in(mails["sales"])
        assert alpine.page.url.endswith("/portal/")
        alpine.go("/portal/deals/new/")
        page = alpine.page
        page.fill("[name=customer_name]", "Hôpital du Lac")
        page.select_option("[name=customer_country]", "FR")
        page.fill("[name=customer_domain]", "hopital-du-lac.example")
        page.check("[name=products]")
        page.fill("[name=amount]", "324000")
        close = datetime.date.today() + datetime.timedelta(days=90)
        is_date = page.get_attribute("[name=expected_close_date]", "type") == "date"
        page.fill("[name=expected_close_date]", close.isoformat() if is_date else close.strftime("%d/%m/%Y"))
        page.press("[name=expected_close_date]", "Tab")
        expect(page.locator("#kept")).not_to_be_empty()  # kept as it is typed
        keep_picture(page, "portal-deal-phone.png", language)
        page.click("button[name=submit]")
        page.wait_for_url("**/portal/deals/*/")
        with acting("system"):
            registration = DealRegistration.objects.get(partner__name="Alpine Conseil")
        assert registration.submission_status == "submitted"
        assert "Boreal" not in alpine.text
        run_errands()
        with acting("system"):
            assert Conflict.objects.get().rule == "DUP-1"

        # The channel manager, at a desk
        manager = person(language, DESKTOP).sign_in(mails["manager"])
        assert manager.page.url.endswith("/home/")
        manager.go(f"/approvals/{registration.pk}/")
        assert "Boreal Systems" in manager.text
        keep_picture(manager.page, "approvals.png", language)
        manager.page.keyboard.press("a")
        dialog = manager.page.locator("#approve-dialog")
        dialog.wait_for(state="visible")
        dialog.locator("button.btn-primary").click()
        dialog.wait_for(state="hidden")
        manager.page.wait_for_url(lambda url: str(registration.pk) not in url)  # the next one is shown
        with acting("system"):
            registration.refresh_from_db()
        assert (registration.review_status, registration.protection_status) == ("approved", "active")
        run_errands()

        # Alpine reads the answer
        alpine.go(f"/portal/deals/{registration.pk}/")
        assert pgettext("review", "approved").casefold() in alpine.text.casefold()
        assert "Boreal" not in alpine.text
        keep_picture(alpine.page, "portal-registration-phone.png", language)
        alpine.go("/inbox/")
        assert "Hôpital du Lac" in alpine.text

        # Boreal finds no trace
        boreal = person(language, PHONE).sign_in(mails["rival"])
        with acting("system"):
            own = DealRegistration.objects.get(partner__name="Boreal Systems")
        for path in ("/portal/", "/portal/deals/", f"/portal/deals/{own.pk}/", "/inbox/", "/search/?q=lac"):
            boreal.go(path)
            assert "Alpine" not in boreal.page.content()
            assert str(registration.pk) not in boreal.page.content()
        assert boreal.go(f"/portal/deals/{registration.pk}/").status == 404
        boreal.complaints.clear()  # the browser reports the 404 it was sent to see
