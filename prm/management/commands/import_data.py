"""``import_data KIND FILE``: the importer of the screens, from a shell."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from prm.db import acting
from prm.errors import RuleViolation
from prm.fields.models import CustomField
from prm.imports.kinds import kinds
from prm.imports.mapping import BadMapping, suggest
from prm.imports.models import Import
from prm.imports.reading import open_table
from prm.imports.work import import_file


class Command(BaseCommand):
    help = "Import a CSV or XLSX file; prints a JSON report. Exit 0: no row failed, 2: rows failed, 1: the file cannot be read."

    def add_arguments(self, parser):
        parser.add_argument("kind", choices=sorted(kinds))
        parser.add_argument("file")
        parser.add_argument("--mapping", help="a JSON file: columns, values, constants, date_format, decimal, key")
        parser.add_argument("--dry-run", action="store_true", help="check and report, write nothing")
        parser.add_argument("--source", help="the system whose external ids these are")
        parser.add_argument("--all-or-none", action="store_true", help="when one row fails, keep none")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = self.report(options)
        except RuleViolation as error:
            raise CommandError(f"{error.code}: {error.message}", returncode=1) from None
        self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
        if report["failed"]:
            raise SystemExit(2)

    def report(self, options: dict[str, Any]) -> dict[str, Any]:
        table = open_table(options["file"])
        kind = kinds[options["kind"]]
        with acting("system"):
            mapping = self.mapping(options["mapping"]) if options["mapping"] else suggest(kind, table)
            declare(mapping, kind.name)
            record = Import.objects.create(
                kind=kind.name,
                file_name=Path(options["file"]).name[:200],
                source=(options["source"] or mapping.get("source") or "file")[:60],
                table=table.about(),
                mapping=mapping,
                all_or_none=options["all_or_none"],
            )
        try:
            return import_file(table, record, dry_run=options["dry_run"], all_or_none=options["all_or_none"])
        except RuleViolation:
            with acting("system"):
                Import.objects.filter(pk=record.pk).delete()
            raise

    @staticmethod
    def mapping(path: str) -> dict[str, Any]:
        try:
            return json.loads(Path(path).read_text(encoding="utf-8"))
        except OSError:
            raise BadMapping(f"The mapping {path} cannot be opened.") from None
        except ValueError as error:
            raise BadMapping(f"The mapping is not JSON: {error}") from None


def declare(mapping: dict[str, Any], kind: str) -> None:
    """Add the custom fields a kept mapping relies on, where they are missing: ``{"declare": {"region": {"label_en": "Region"}}}``."""
    for key, values in (mapping.get("declare") or {}).items() if isinstance(mapping, dict) else ():
        CustomField.objects.get_or_create(
            kind={"partners": "partner", "customers": "customer", "opportunities": "opportunity"}.get(kind, kind),
            key=key,
            defaults=values,
        )
