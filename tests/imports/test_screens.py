"""From upload to undo in the browser's way, and files out."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook

from prm.imports.export import export_response
from prm.imports.models import Import, SavedMapping
from prm.jobs.models import Job
from territories.models import Customer
from tests.imports.conftest import work_off

CONTENT = "Raison sociale;Pays;Effectif\nLaiterie du Bocage;France;120\nPolder;Pays-Bas;80\nTextiles;Nulle part;5\n"


def upload(client, content=CONTENT, name="clients.csv", **data):
    data = {"kind": "customers", "file": SimpleUploadedFile(name, content.encode()), **data}
    return client.post(reverse("imports:new"), data)


def choices(**changes):
    record = Import.objects.get()
    columns = {header: name for name, header in record.mapping["columns"].items()}
    data = {f"column_{index}": columns.get(header, "") for index, header in enumerate(record.table["header"])}
    return {
        **data,
        "version": record.version,
        "date_format": "DMY",
        "decimal": ",",
        "existing": "update",
        "errors": "leave",
        **changes,
    }


def test_from_upload_to_undo(signed_in, program_owner):
    client = signed_in(program_owner)
    response = upload(client)
    record = Import.objects.get()
    assert response.url == reverse("imports:import", args=[record.pk])
    assert record.mapping["columns"] == {"name": "Raison sociale", "country": "Pays", "employees": "Effectif"}
    shown = client.get(response.url).content.decode()
    assert "Laiterie du Bocage" in shown
    assert "is not a country" in shown

    assert client.post(reverse("imports:check", args=[record.pk]), choices(keep_as="Monthly")).status_code == 302
    record.refresh_from_db()
    assert client.get(response.url).status_code == 200
    assert client.get(response.url, headers={"HX-Request": "true"}).status_code == 200
    work_off()
    record.refresh_from_db()
    assert (record.status, record.total, record.created, record.failed, Customer.objects.count()) == (
        "checked",
        3,
        2,
        1,
        0,
    )
    assert SavedMapping.objects.get().mapping["columns"]["name"] == "Raison sociale"

    assert client.post(reverse("imports:run", args=[record.pk]), {"version": "1"}).status_code == 422
    assert client.post(reverse("imports:run", args=[record.pk]), {"version": record.version}).status_code == 302
    work_off()
    record.refresh_from_db()
    assert (record.status, record.created, record.failed) == ("done", 2, 1)
    assert set(Customer.objects.values_list("name", flat=True)) == {"Laiterie du Bocage", "Polder"}
    assert {job.status for job in Job.objects.all()} == {"done"}

    rows = list(
        csv.reader(io.StringIO(body(client.get(reverse("imports:errors", args=[record.pk]))).decode("utf-8-sig")))
    )
    assert rows[0][:4] == ["Raison sociale", "Pays", "Effectif", "Line"]
    assert rows[1][:4] == ["Textiles", "Nulle part", "5", "4"]
    assert len(rows) == 2

    assert client.post(reverse("imports:undoing", args=[record.pk]), {"version": record.version}).status_code == 302
    work_off()
    record.refresh_from_db()
    assert (record.status, Customer.objects.count()) == ("undone", 0)
    assert client.get(response.url).status_code == 200
    assert "clients.csv" in client.get(reverse("imports:imports")).content.decode()
    assert client.get(reverse("jobs:jobs")).status_code == 200
    assert client.get(Job.objects.first().get_absolute_url()).status_code == 200


def test_all_or_none_stops_before_anything_is_written(signed_in, program_owner):
    client = signed_in(program_owner)
    upload(client)
    record = Import.objects.get()
    client.post(reverse("imports:check", args=[record.pk]), choices(errors="stop"))
    work_off()
    record.refresh_from_db()
    assert client.post(reverse("imports:run", args=[record.pk]), {"version": record.version}).status_code == 422


@pytest.mark.parametrize(("content", "name"), [("%PDF-1.4", "a.csv"), ("a,b\n1,2\n", "a.xlsx"), ("", "a.csv")])
def test_a_file_that_cannot_be_read_keeps_the_form(signed_in, program_owner, content, name, settings):
    response = upload(signed_in(program_owner), content, name)
    assert response.status_code == 422
    assert not Import.objects.exists()
    assert not any((settings.MEDIA_ROOT / "imports").iterdir())


def test_two_columns_to_one_place(signed_in, program_owner):
    client = signed_in(program_owner)
    upload(client)
    response = client.post(reverse("imports:check", args=[Import.objects.get().pk]), choices(column_1="name"))
    assert response.status_code == 422
    assert "Two columns go to the same place" in response.content.decode()


@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("finance", 403), ("owner", 403)])
def test_who_may_not_import(signed_in, program_owner, who, status, request):
    upload(signed_in(program_owner))
    record = Import.objects.get()
    client = signed_in(request.getfixturevalue(who))
    assert client.get(reverse("imports:new")).status_code == status
    assert client.get(reverse("imports:import", args=[record.pk])).status_code == 404
    assert client.post(reverse("imports:run", args=[record.pk])).status_code == 404


def test_a_cancelled_job_ends_and_the_import_can_go_on(signed_in, program_owner):
    client = signed_in(program_owner)
    upload(client)
    record = Import.objects.get()
    client.post(reverse("imports:check", args=[record.pk]), choices())
    job = Job.objects.get()
    assert client.post(reverse("jobs:cancellation", args=[job.pk])).status_code == 302
    work_off()
    job.refresh_from_db()
    record.refresh_from_db()
    assert (job.status, record.status) == ("cancelled", "mapping")


def body(response):
    return b"".join(response.streaming_content)


FORMULA = ["=1+1", "@SUM(A1)", "+33 1", "-5", "\t=2", "plain"]


def test_csv_files_run_no_formula(system):
    content = body(export_response("csv", "Clients", ["A", "B", "C", "D", "E", "F"], [FORMULA])).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(content)))[1] == ["'=1+1", "'@SUM(A1)", "'+33 1", "-5", "'\t=2", "plain"]


def test_workbooks_run_no_formula(system):
    response = export_response("xlsx", "Clients", ["A", "B", "C", "D", "E", "F"], [FORMULA, [1, None, True]])
    sheet = load_workbook(io.BytesIO(body(response))).active
    assert [cell.value for cell in sheet[2]] == ["'=1+1", "'@SUM(A1)", "'+33 1", "-5", "'\t=2", "plain"]
    assert {cell.data_type for cell in sheet[2]} == {"s"}
    assert [cell.value for cell in sheet[3]][:3] == [1, None, "yes"]


def test_a_streamed_file_keeps_the_scope_of_its_reader(owner, rival, submitted_deal):
    from deals.models import DealRegistration
    from prm.db import acting

    def lines():
        for row in DealRegistration.objects.all():
            yield [row.customer_name]

    with acting("partner", rival.acting_for_id, rival.pk):
        theirs = export_response("csv", "deals", ["Customer"], lines())
    with acting("partner", owner.acting_for_id, owner.pk):
        own = export_response("csv", "deals", ["Customer"], lines())
    assert body(theirs).decode("utf-8-sig").split() == ["Customer"]
    assert "Lac" in body(own).decode("utf-8-sig")
