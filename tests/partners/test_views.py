import pytest
from django.urls import reverse

from partners.models import Partner
from tests import factories

LIST = reverse("partners:partners") if False else "/partners/"


def queries(client, url, django_assert_max_num_queries, most=12):
    with django_assert_max_num_queries(most) as seen:
        response = client.get(url)
    assert response.status_code == 200
    return len(seen)


def test_list_shows_the_partners_in_scope(channel_manager, alpine, boreal, signed_in):
    page = signed_in(channel_manager).get(LIST).content.decode()
    assert "Alpine" in page and "Boreal" in page and "Silver" in page


def test_list_costs_the_same_with_one_row_and_with_three(channel_manager, alpine, signed_in, django_assert_max_num_queries):
    client = signed_in(channel_manager)
    client.get(LIST)
    one = queries(client, LIST, django_assert_max_num_queries)
    for _n in range(2):
        factories.partner(channel_manager=channel_manager)
    assert queries(client, LIST, django_assert_max_num_queries) == one


def test_page_of_a_partner(channel_manager, alpine, owner, signed_in, django_assert_max_num_queries):
    client = signed_in(channel_manager)
    client.get(LIST)
    queries(client, f"/partners/{alpine.pk}/", django_assert_max_num_queries)
