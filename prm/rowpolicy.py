"""Row-level security, declared beside each model and laid on the database after every migration.

A model that partners may reach says so in one line::

    class DealRegistration(Record):
        row_policy = RowPolicy(read="partner_id = {partner} OR distributor_id = {partner}", write="partner_id = {partner}")

A model that says nothing belongs to the vendor: ``prm_portal`` gets no right on its table at all. The declarations are turned
into one SQL script (``script()``), applied when it differs from what the database already carries; so policies can neither be
forgotten in a migration nor drift from the code. History tables of a policed model take inserts from the portal and show nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.apps import apps
from django.db import connection

PLACES = {
    "partner": "(SELECT nullif(current_setting('prm.partner', true), '')::uuid)",
    "user": "(SELECT nullif(current_setting('prm.user', true), '')::uuid)",
    "readable": "ANY((SELECT coalesce(nullif(current_setting('prm.reads', true), ''), '{}')::uuid[])::uuid[])",
}


@dataclass(frozen=True)
class RowPolicy:
    """Which rows a partner's transaction may read and write.

    ``read`` and ``write`` are SQL conditions on the table's columns with the places ``{partner}``, ``{user}`` and
    ``{readable}`` (own company and those it heads; use ``column = {readable}``). An empty condition grants nothing.
    ``insert`` is said where it differs from ``write``; ``columns`` limits what may be changed.
    """

    read: str = ""
    write: str = ""
    insert: str | None = None
    delete: str = ""
    columns: tuple[str, ...] = ()

    def sql(self, table: str) -> list[str]:
        clauses = {
            "SELECT": ("USING", self.read),
            "INSERT": ("WITH CHECK", self.write if self.insert is None else self.insert),
            "UPDATE": ("USING", self.write),
            "DELETE": ("USING", self.delete),
        }
        out = [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY owner_all ON {table} TO CURRENT_USER USING (current_setting('prm.kind', true) = 'system')",
            f"CREATE POLICY staff_all ON {table} TO prm_staff USING (true)",
        ]
        for verb, (word, condition) in clauses.items():
            if condition:
                for place, expression in PLACES.items():
                    condition = condition.replace("{" + place + "}", expression)
                which = f" ({', '.join(self.columns)})" if verb == "UPDATE" and self.columns else ""
                out.append(f"GRANT {verb}{which} ON {table} TO prm_portal")
                out.append(
                    f"CREATE POLICY portal_{verb.lower()} ON {table} FOR {verb} TO prm_portal {word} ({condition})"
                )
        return out


OWN = RowPolicy(read="partner_id = {partner}", write="partner_id = {partner}", delete="partner_id = {partner}")
OWN_READ = RowPolicy(read="partner_id = {partner}")
EVERYONE_READS = RowPolicy(read="true")
APPEND_ONLY = RowPolicy(insert="true")


def policies() -> dict[str, RowPolicy]:
    """Table name → policy, for every model that declares one, and its history."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        tracked = getattr(model, "pgh_tracked_model", None)
        policy = model.__dict__.get("row_policy")
        if tracked is not None and tracked.__dict__.get("row_policy"):
            policy = APPEND_ONLY
        if policy is not None:
            found[model._meta.db_table] = policy
    return found


def script() -> str:
    """The whole of rights and policies, as one SQL script that may run again."""
    lines = [
        "GRANT USAGE ON SCHEMA public TO prm_app, prm_staff, prm_portal",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO prm_staff",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO prm_staff",
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM prm_portal, prm_app",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON django_session TO prm_app, prm_portal",
        "GRANT SELECT ON django_content_type TO prm_portal",
        "GRANT SELECT ON django_migrations TO prm_app",
        "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM prm_staff",
        # The history context is written by triggers under whichever role edits; nobody at the portal may read it.
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_proc WHERE proname = '_pgh_attach_context') THEN"
        " ALTER FUNCTION _pgh_attach_context() SECURITY DEFINER SET search_path = public, pg_temp; END IF; END $$",
        "DO $$ DECLARE p record; BEGIN FOR p IN SELECT policyname, tablename FROM pg_policies WHERE schemaname = 'public' LOOP"
        " EXECUTE format('DROP POLICY %I ON %I', p.policyname, p.tablename); END LOOP; END $$",
    ]
    for model in apps.get_models(include_auto_created=True):
        if getattr(model, "pgh_tracked_model", None) is not None:
            lines.append(f"REVOKE UPDATE, DELETE, TRUNCATE ON {model._meta.db_table} FROM prm_staff")
        for sequence in getattr(model, "portal_sequences", ()):
            lines.append(f"GRANT USAGE ON SEQUENCE {sequence} TO prm_portal")
    for table, policy in sorted(policies().items()):
        lines += policy.sql(table)
    return ";\n".join(lines) + ";"


def apply(**_kwargs: object) -> None:
    """Lay rights and policies on the database unless it already carries these (``post_migrate``)."""
    text = script()
    tables = connection.introspection.table_names()
    mark = "prm policies " + hashlib.sha256((text + ",".join(sorted(tables))).encode()).hexdigest()
    if "django_session" not in tables:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT obj_description('django_session'::regclass),"
            " coalesce((SELECT prosecdef FROM pg_proc WHERE proname = '_pgh_attach_context'), true)"
        )
        if cursor.fetchone() != (mark, True):  # pghistory makes its function anew after each migration
            cursor.execute(text)
            cursor.execute(f"COMMENT ON TABLE django_session IS '{mark}'")
