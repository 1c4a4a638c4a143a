"""Wall stop lists by creditor; agencies see the holds that follow, and not the lists."""

from django.db import migrations

from duecourse.kit import tenancy

LIST, ENTRY = "portfolio_stoplist", "portfolio_stopentry"

TABLES = [
    tenancy.tenant_table(LIST),
    tenancy.tenant_table(
        ENTRY,
        references={"stop_list_id": LIST, "person_id": "portfolio_person", "account_id": "portfolio_account"},
        is_book=True,
    ),
]


class Migration(migrations.Migration):
    """Entries are append-only; a stop is lifted by its hold's end."""

    dependencies = [("portfolio", "0004_stop_lists")]

    operations = [migrations.RunSQL(TABLES)]
