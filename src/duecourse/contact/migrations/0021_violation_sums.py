"""Keep what went against the rules on days gone by as sums, so that a board of weeks need not count millions of answers."""

import django.db.models.deletion
from django.db import migrations, models

from duecourse.kit import tenancy

DAY, SUM = "contact_violationday", "contact_violationsum"
WALLS = [tenancy.tenant_table(DAY), tenancy.tenant_table(SUM, references={"performer_id": "parties_agency"})]
CREDITOR = {
    "db_constraint": False,
    "db_index": False,
    "on_delete": django.db.models.deletion.PROTECT,
    "related_name": "+",
    "to": "parties.creditor",
}
PERFORMER = CREDITOR | {"to": "parties.agency"}


class Migration(migrations.Migration):
    """Agencies see neither; both can be counted anew at any time."""

    dependencies = [("contact", "0020_call_retention"), ("parties", "0006_token_pace")]

    operations = [
        migrations.CreateModel(
            name="ViolationDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("local_on", models.DateField()),
                ("counted_at", models.DateTimeField()),
                ("creditor", models.ForeignKey(**CREDITOR)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("creditor", "local_on"), name="violation_day_once")]},
        ),
        migrations.CreateModel(
            name="ViolationSum",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("local_on", models.DateField()),
                ("kind", models.TextField()),
                ("code", models.TextField(default="")),
                ("number", models.IntegerField()),
                ("creditor", models.ForeignKey(**CREDITOR)),
                ("performer", models.ForeignKey(**PERFORMER)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("creditor", "local_on", "performer", "kind", "code"), name="violation_sum_once"),
                    models.CheckConstraint(condition=models.Q(("number__gt", 0)), name="violation_sum_positive"),
                ]
            },
        ),
        migrations.RunSQL(WALLS),
    ]
