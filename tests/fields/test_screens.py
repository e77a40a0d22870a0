"""The settings screens, and custom fields in the forms and filters of records."""

import pytest
from django.urls import reverse

from prm.fields.filters import CustomFilters
from prm.fields.forms import CustomFieldsForm
from prm.fields.models import CustomField
from prm.ui.forms import RecordForm
from prm.ui.lists import Filters
from territories.models import Customer


class CustomerForm(CustomFieldsForm, RecordForm):
    class Meta:
        model = Customer
        fields = ["name"]


class CustomerFilters(CustomFilters, Filters):
    custom_kind = "customer"


def test_a_program_owner_adds_a_field(signed_in, program_owner):
    client = signed_in(program_owner)
    data = {"kind": "customer", "label_en": "Number of beds", "label_fr": "Lits", "type": "number", "position": "5"}
    assert client.post(reverse("fields:new"), data).status_code == 302
    field = CustomField.objects.get()
    assert (field.key, field.type, field.label_fr) == ("number_of_beds", "number", "Lits")
    assert "Number of beds" in client.get(reverse("fields:fields")).content.decode()


def test_a_choice_needs_its_choices(signed_in, program_owner):
    client = signed_in(program_owner)
    data = {"kind": "customer", "label_en": "Ownership", "type": "choice", "position": "5"}
    assert client.post(reverse("fields:new"), data).status_code == 422
    assert client.post(reverse("fields:new"), {**data, "choices": "Public | Publique\nPrivate"}).status_code == 302
    assert CustomField.objects.get().choices == [{"value": "Public", "fr": "Publique"}, {"value": "Private"}]


def test_archive_and_restore(signed_in, program_owner, beds):
    client, url = signed_in(program_owner), reverse("fields:archiving", args=[beds.pk])
    assert client.get(reverse("fields:field", args=[beds.pk])).status_code == 200
    assert client.post(url, {"version": "1"}).status_code == 302
    assert client.post(url, {"version": "1", "restore": "1"}).status_code == 422
    assert client.post(url, {"version": "2", "restore": "1"}).status_code == 302
    assert not CustomField.objects.get().archived


@pytest.mark.parametrize("who", ["channel_manager", "viewer"])
def test_others_do_not(signed_in, who, beds, request):
    client = signed_in(request.getfixturevalue(who))
    assert client.get(reverse("fields:fields")).status_code == 403
    assert client.post(reverse("fields:archiving", args=[beds.pk])).status_code == 404


def test_the_form_of_a_record_saves_custom_values(admin, hospital, beds, ownership):
    Customer.objects.filter(pk=hospital.pk).update(custom={"gone": "kept"})
    hospital.refresh_from_db()
    data = {"name": hospital.name, "custom_beds": "12", "custom_ownership": "Private", "version": "1"}
    form = CustomerForm(data, instance=hospital, user=admin)
    assert form.is_valid(), form.errors
    form.save_by(admin)
    hospital.refresh_from_db()
    assert hospital.custom == {"gone": "kept", "beds": 12, "ownership": "Private"}
    assert CustomerForm({"name": "x", "custom_beds": ""}, user=admin).errors.keys() == {"custom_beds"}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"custom_beds_from": "10"}, 1),
        ({"custom_beds_from": "13"}, 0),
        ({"custom_ownership": "Public"}, 0),
        ({"custom_ownership": "Private"}, 1),
    ],
)
def test_filters(rf, admin, hospital, beds, ownership, data, found):
    Customer.objects.filter(pk=hospital.pk).update(custom={"beds": 12, "ownership": "Private"})
    request = rf.get("/", data)
    request.user = admin
    assert len(CustomerFilters(request.GET, Customer.objects.all(), request=request).qs) == found
