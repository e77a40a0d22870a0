"""Values of custom fields: declared, checked, joined, worded."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from prm import fields
from prm.db import acting
from tests.fields.conftest import declare


def codes(kind, values, **kwargs):
    with pytest.raises(ValidationError) as caught:
        fields.validate(kind, values, **kwargs)
    return {name: errors[0].code for name, errors in caught.value.error_dict.items()}


def test_values_are_stored_as_json(beds, ownership):
    declare("since", type="date", position=60)
    declare("teaching", type="boolean", position=70)
    given = {"beds": "420", "ownership": "publique", "since": "2001-02-03", "teaching": "oui"}
    assert fields.validate("customer", given) == {
        "beds": 420,
        "ownership": "Public",
        "since": "2001-02-03",
        "teaching": True,
    }


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"beds": "many"}, "invalid_number"),
        ({"beds": "1e30"}, "too_large"),
        ({"beds": True}, "invalid_number"),
        ({"beds": ""}, "required"),
    ],
)
def test_a_wrong_number_is_refused(beds, values, code):
    assert codes("customer", values) == {"custom.beds": code}


def test_an_unknown_key_and_an_archived_one_are_refused(beds, ownership, admin):
    ownership.archive(by=admin)
    assert codes("customer", {"nothing": 1, "ownership": "Public"}) == {
        "custom.nothing": "unknown_field",
        "custom.ownership": "unknown_field",
    }


def test_required_fields_are_asked_for_when_the_record_is_whole(beds, ownership):
    assert fields.validate("customer", {"ownership": "Private"}) == {"ownership": "Private"}
    assert codes("customer", {"ownership": "Private"}, partial=False) == {"custom.beds": "required"}


@pytest.mark.parametrize("text", ["a\x00b", "right\u202eleft"])
def test_text_that_cannot_be_shown_is_refused(system, text):
    declare("note")
    assert list(codes("customer", {"note": text})) == ["custom.note"]


def test_a_partner_neither_sees_nor_writes_what_is_not_shared(owner):
    declare("score", "registration", type="number")
    declare("rack", "registration", visible_to_partners=True)
    assert codes("registration", {"score": 1}, user=owner) == {"custom.score": "unknown_field"}
    assert fields.merge({"score": 7, "rack": "A"}, fields.validate("registration", {"rack": ""}, user=owner)) == {
        "score": 7
    }
    assert fields.shown("registration", {"score": 7, "rack": "A"}, owner) == [("Rack", "A")]
    with acting("partner", owner.acting_for_id, owner.pk):
        assert [field.key for field in fields.declared("registration")] == ["rack"]


def test_words_are_the_readers(ownership):
    with translation.override("fr"):
        assert fields.shown("customer", {"ownership": "Public"}) == [("Statut", "Publique")]


def test_columns_of_a_list(beds, hospital):
    hospital.custom = {"beds": 420}
    assert [(column.label, column.of(hospital)) for column in fields.list_columns(type(hospital))] == [("Beds", 420)]
