"""Store who makes a contact beside who asked for it, and what the creditor asks of each collector."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contact", "0015_gate_plans_once"), ("parties", "0007_collector_qualifications")]

    operations = [
        migrations.AddField(model_name="permit", name="made_by", field=models.BigIntegerField(null=True)),
        migrations.AddField(model_name="refusal", name="made_by", field=models.BigIntegerField(null=True)),
        migrations.AddField(
            model_name="gateterms",
            name="person_qualification_kinds",
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
        ),
    ]
