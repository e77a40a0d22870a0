"""The field-level history of a call names the token's person."""

from django.apps import apps


def test_history_names_who_called(api, owner):
    made = api(owner).post("/deal-registrations/", {"customer_name": "Hôpital du Lac"})
    assert made.status_code == 201, made.content
    written = apps.get_model("deals", "DealRegistrationEvent").objects.filter(pgh_obj_id=made.json()["id"])
    assert [row.pgh_context.metadata["user"] for row in written] == [str(owner.pk)]
