"""Imports end to end: created, updated, unchanged, refused, undone; the same by the screens' job."""

import json
from datetime import date
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from deals.models import Opportunity, OpportunityParticipant, StageChange
from partners.catalogue.models import Price, Product
from partners.models import Partner
from prm.events.models import Event
from prm.externals.models import ExternalId
from prm.imports.kinds import kinds
from prm.imports.mapping import BadMapping, Mapping
from prm.imports.models import Import
from prm.imports.undoing import take_back
from territories.models import Customer
from tests import factories
from tests.fields.conftest import declare
from tests.imports.conftest import counts, failures

CUSTOMERS = [
    ["Account ID", "Account Name", "Website Domain", "Country", "Employees", "Parent Account"],
    ["1", "Nord Group", "nord.example", "France", "1200", ""],
    ["2", "Nord Lille", "lille.nord.example", "FR", "80", "Nord Group"],
    ["3", "Sud", "", "Spain", "", ""],
]
MAPPING = {
    "columns": {
        "external_id": "Account ID",
        "name": "Account Name",
        "domain": "Website Domain",
        "country": "Country",
        "employees": "Employees",
        "parent": "Parent Account",
    },
    "key": ["external_id"],
}


def test_customers_are_created_and_found_again(given, load):
    path = given(CUSTOMERS)
    assert counts(load("customers", path, MAPPING, source="crm")) == (3, 3, 0, 0, 0)
    lille = Customer.objects.get(name="Nord Lille")
    assert (lille.country.code, lille.employees, [str(d) for d in lille.domains.all()]) == (
        "FR",
        80,
        ["lille.nord.example"],
    )
    assert [parent.name for parent in lille.parents.all()] == ["Nord Group"]
    assert ExternalId.objects.get(external_id="2").subject_id == lille.pk
    assert counts(load("customers", path, MAPPING, source="crm")) == (3, 0, 0, 3, 0)
    assert counts(load("customers", path, MAPPING, source="other")) == (3, 3, 0, 0, 0)


def test_a_change_raises_the_version_and_undo_gives_back(given, load, admin):
    load("customers", given(CUSTOMERS), MAPPING)
    changed = [*CUSTOMERS[:3], ["3", "Sud", "sud.example", "Spain", "44", "Nord Group"]]
    assert counts(load("customers", given(changed), MAPPING)) == (3, 0, 1, 2, 0)
    sud = Customer.objects.get(name="Sud")
    assert (sud.version, sud.employees, sud.domains.count()) == (2, 44, 1)
    undo(load.record)
    sud.refresh_from_db()
    assert (sud.version, sud.employees, sud.domains.count()) == (3, None, 0)


def undo(record):
    return take_back(record, list(record.imported.exclude(action="unchanged").order_by("-row")))


def test_undo_keeps_what_was_changed_or_is_used(given, load, admin):
    load("customers", given(CUSTOMERS), MAPPING)
    Customer.objects.get(name="Sud").put(segment="SMB")
    factories.opportunity(customer=Customer.objects.get(name="Nord Group"))
    assert undo(load.record) == {"undone": 1, "refused": 2}
    assert set(Customer.objects.values_list("name", flat=True)) == {"Nord Group", "Sud"}
    assert {row.label: row.refusal for row in load.record.imported.exclude(refusal="")} == {
        "Nord Group": "Other records use it.",
        "Sud": "It was changed since.",
    }
    assert not ExternalId.objects.filter(external_id="2").exists()


def test_a_dry_run_writes_nothing_and_says_the_same(given, load):
    path = given([*CUSTOMERS, ["4", "", "", "", "", ""]])
    dry = load("customers", path, MAPPING, dry_run=True)
    assert (Customer.objects.count(), Import.objects.count()) == (0, 0)
    assert load("customers", path, MAPPING) == dry
    assert failures(dry) == [(5, "name", "required")]


def test_all_or_none(given, load):
    report = load("customers", given([*CUSTOMERS, ["4", "", "", "", "", ""]]), MAPPING, all_or_none=True)
    assert counts(report) == (4, 0, 0, 0, 1)
    assert Customer.objects.count() == 0


def test_empty_cells_and_the_choice_what_to_do_with_existing_records(given, load, hospital):
    rows = [["name", "industry", "country"], [hospital.name, "Health", ""]]
    assert (
        counts(
            load(
                "customers",
                given(rows),
                {"columns": {"name": "name", "industry": "industry", "country": "country"}, "key": ["name"]},
            )
        )[2]
        == 1
    )
    hospital.refresh_from_db()
    assert (hospital.industry, hospital.country.code) == ("Health", "FR")
    rows[1][1] = "Other"
    for existing in ("fill", "skip"):
        mapping = {"columns": {"name": "name", "industry": "industry"}, "key": ["name"], "existing": existing}
        assert counts(load("customers", given(rows), mapping))[3] == 1


def test_custom_fields(given, load):
    declare("beds", type="number", required=True)
    mapping = {"columns": {"name": "name", "custom.beds": "Beds"}, "decimal": ","}
    report = load("customers", given("name;Beds\nA;1 200,5\nB;\nC;many\n"), mapping)
    assert failures(report) == [(3, "custom.beds", "required"), (4, "custom.beds", "invalid_number")]
    assert Customer.objects.get().custom == {"beds": 1200.5}


def test_partners_and_products(given, load):
    report = load(
        "partners",
        given(
            [
                ["name", "types", "status", "group"],
                ["Uno", "reseller; MSP", "active", "Family"],
                ["Dos", "agent", "", "family"],
            ]
        ),
        {"columns": {name: name for name in ("name", "types", "status", "group")}},
    )
    assert counts(report) == (2, 2, 0, 0, 0)
    assert Partner.objects.get(name="Dos").group.name.lower() == "family"
    mapping = {
        "columns": {"sku": "Code", "name": "Name", "line": "Family", "list_price": "Price"},
        "constants": {"currency": "EUR"},
        "decimal": ",",
    }
    products = "Code;Name;Family;Price\nB1;Backup One;Backup;1.200,50\nB2;Backup Two;Backup;\n"
    assert counts(load("products", given(products), mapping)) == (2, 2, 0, 0, 0)
    assert Price.objects.get().amount == Decimal("1200.50")
    assert Product.objects.get(sku="B2").line.name == "Backup"
    assert counts(load("products", given(products.replace("1.200,50", "1.300,00")), mapping)) == (2, 0, 1, 1, 0)
    assert Price.objects.get().amount == Decimal("1300")


DEALS = [
    ["id", "partner", "customer", "product", "stage", "opened", "closed", "amount"],
    ["d1", "Alpine", "Hôpital du Lac", "Backup Pro", "Won", "03/01/2026", "17/02/2026", "1200.50"],
    ["d2", "Alpine", "", "Backup Pro", "qualified", "04/01/2026", "", ""],
]
DEAL_MAPPING = {
    "columns": {
        "external_id": "id",
        "partner": "partner",
        "customer": "customer",
        "product": "product",
        "stage": "stage",
        "opened_on": "opened",
        "qualified_on": "opened",
        "closed_on": "closed",
        "amount": "amount",
    },
    "constants": {"currency": "EUR"},
    "date_format": "DMY",
}


def test_opportunities_with_participant_line_and_history(given, load, alpine, hospital, product):
    path = given(DEALS)
    assert counts(load("opportunities", path, DEAL_MAPPING)) == (2, 2, 0, 0, 0)
    won = Opportunity.objects.get(stage="won")
    assert (won.customer, won.route, won.amount, won.closed_on) == (
        hospital,
        "partner",
        Decimal("1200.50"),
        date(2026, 2, 17),
    )
    assert OpportunityParticipant.objects.get(opportunity=won).partner == alpine
    assert won.lines.get().product == product
    assert [(c.old, c.new, c.at.date()) for c in won.stage_changes.all()] == [
        ("", "qualified", date(2026, 1, 3)),
        ("qualified", "won", date(2026, 2, 17)),
    ]
    assert counts(load("opportunities", path, DEAL_MAPPING)) == (2, 0, 0, 2, 0)
    lost = [DEALS[0], DEALS[1], ["d2", "Alpine", "", "Backup Pro", "lost", "04/01/2026", "20/03/2026", "0"]]
    assert counts(load("opportunities", given(lost), DEAL_MAPPING)) == (2, 0, 1, 1, 0)
    second = Opportunity.objects.get(stage="lost")
    assert [c.new for c in second.stage_changes.all()] == ["qualified", "lost"]
    assert Event.objects.filter(verb="stage_changed", subject_id=second.pk).count() == 1
    undo(load.record)
    second.refresh_from_db()
    assert (second.stage, second.closed_on, StageChange.objects.filter(opportunity=second).count()) == (
        "qualified",
        None,
        1,
    )


def test_one_event_tells_of_the_import(given, load, admin):
    load("customers", given(CUSTOMERS), MAPPING, user=admin)
    event = Event.objects.get()
    assert (event.name, event.actor_id, event.payload["created"]) == ("import.finished", admin.pk, 3)


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"columns": {"nonsense": "name"}}, "nonsense"),
        ({"columns": {"name": "Nobody"}}, "Nobody"),
        ({"columns": {"country": "name"}}, "name"),
        ({"columns": {"name": "name"}, "key": ["website"]}, "key"),
        ({"columns": {"name": "name"}, "date_format": "XYZ"}, "DMY"),
        ({"columns": {}}, "column"),
        ({"columns": {"name": "name"}, "surprise": 1}, "surprise"),
        ([], "object"),
    ],
)
def test_a_mapping_that_does_not_fit(system, mapping, words):
    with pytest.raises(BadMapping) as caught:
        Mapping(mapping, kinds["customers"], ["name"])
    assert words in caught.value.message


def test_the_command(given, capsys, transactional_db):
    path = given([["name", "country"], ["A", "FR"], ["B", "Nowhere"]])
    with pytest.raises(SystemExit) as ended:
        call_command("import_data", "customers", str(path))
    report = json.loads(capsys.readouterr().out)
    assert ended.value.code == 2
    assert (counts(report), failures(report)) == ((2, 1, 0, 0, 1), [(3, "country", "unknown_country")])
    with pytest.raises(SystemExit):
        call_command("import_data", "customers", str(path), "--all-or-none")
    assert counts(json.loads(capsys.readouterr().out)) == (2, 0, 0, 1, 1)
    call_command("import_data", "customers", str(given([["name"], ["A"]])), "--dry-run")
    assert counts(json.loads(capsys.readouterr().out)) == (1, 0, 0, 1, 0)
    for bad in (given(b"%PDF-"), path.parent / "missing.csv"):
        with pytest.raises(CommandError) as refused:
            call_command("import_data", "customers", str(bad))
        assert refused.value.returncode == 1


# Undone with what stands beside the record ------------------------------------------------------------------------------------------

PRICES = [["sku", "name", "line", "list price", "currency"], ["B-1", "Backup One", "Backup", "100", "EUR"]]


def test_undo_gives_prices_back(given, load):
    load("products", given(PRICES))
    first = load.record
    load("products", given([PRICES[0], ["B-1", "Backup One", "Backup", "120", "EUR"]]))
    assert Price.objects.get().amount == Decimal(120)
    assert undo(load.record) == {"undone": 1}
    assert Price.objects.get().amount == Decimal(100)
    first.imported.update(version=Product.objects.get().version)
    assert undo(first) == {"undone": 1}
    assert (Product.objects.count(), Price.objects.count()) == (0, 0)


def test_undo_leaves_a_price_that_was_changed_since(given, load):
    load("products", given(PRICES))
    load("products", given([PRICES[0], ["B-1", "Backup 1", "Backup", "120", "EUR"]]))
    Price.objects.update(amount=130)
    assert undo(load.record) == {"refused": 1}
    assert (Price.objects.get().amount, Product.objects.get().name) == (Decimal(130), "Backup 1")
    assert load.record.imported.get().refusal == "It was changed since."


def test_undo_gives_lines_and_parents_back(given, load, alpine, hospital, product):
    load("opportunities", given(DEALS), DEAL_MAPPING)
    dearer = [DEALS[0], [*DEALS[1][:-1], "1500"]]
    load("opportunities", given(dearer), DEAL_MAPPING)
    won = Opportunity.objects.get(stage="won")
    assert won.lines.get().amount == Decimal(1500)
    undo(load.record)
    won.refresh_from_db()
    assert (won.amount, won.lines.get().amount) == (Decimal("1200.50"), Decimal("1200.50"))

    load("customers", given(CUSTOMERS), MAPPING)
    moved = [CUSTOMERS[0], [*CUSTOMERS[3][:5], "Nord Group"]]
    load("customers", given(moved), MAPPING)
    sud = Customer.objects.get(name="Sud")
    assert [parent.name for parent in sud.parents.all()] == ["Nord Group"]
    assert undo(load.record) == {"undone": 1}
    assert not sud.parents.exists()
    assert Customer.objects.get(name="Nord Lille").parents.exists()


def test_undo_takes_away_an_external_id_it_gave(given, load, hospital):
    mapping = {"columns": {"external_id": "id", "name": "name", "employees": "n"}, "key": ["name"]}
    load("customers", given([["id", "name", "n"], ["7", hospital.name, "12"]]), mapping)
    assert ExternalId.objects.get().subject_id == hospital.pk
    assert undo(load.record) == {"undone": 1}
    assert not ExternalId.objects.exists()


# Possible duplicates --------------------------------------------------------------------------------------------------------------


def similar(load, kind, path, mapping=None):
    """The new rows of a dry run that look like a record that exists."""
    from prm.imports.importer import Run
    from prm.imports.mapping import suggest
    from prm.imports.reading import open_table

    table = open_table(path)
    record = Import.objects.create(
        kind=kind, file_name="f", table=table.about(), mapping=mapping or suggest(kinds[kind], table)
    )
    Run(record).check(list(table.rows()))
    return dict(record.imported.filter(before__has_key="similar").values_list("label", "before__similar"))


def test_new_customers_like_existing_ones_are_shown(given, load, hospital):
    from territories.matching.keys import index_customers

    index_customers([hospital.pk])
    rows = [
        ["id", "name", "country", "domain"],
        ["1", "HOPITAL DU LAC", "FR", ""],
        ["2", "Clinique", "FR", "www.hopital-du-lac.example"],
        ["3", "Autre", "FR", "autre.example"],
    ]
    mapping = {
        "columns": {"external_id": "id", "name": "name", "country": "country", "domain": "domain"},
        "key": ["external_id"],
    }
    assert similar(load, "customers", given(rows), mapping) == {
        "HOPITAL DU LAC": "Hôpital du Lac",
        "Clinique": "Hôpital du Lac",
    }


def test_new_partners_and_products_like_existing_ones_are_shown(given, load, alpine, product):
    mapping = {"columns": {"external_id": "id", "name": "name"}, "key": ["external_id"]}
    assert similar(load, "partners", given([["id", "name"], ["1", "ALPINE"], ["2", "New"]]), mapping) == {
        "ALPINE": "Alpine"
    }
    rows = [["sku", "name", "line"], ["OTHER", product.name.upper(), "Backup"]]
    assert similar(load, "products", given(rows)) == {product.name.upper(): f"{product.name} ({product.sku})"}
