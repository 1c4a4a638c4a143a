"""Give an agency's objection its reason, and keep what an agency earns from its collectors."""

from django.db import migrations, models

from duecourse.kit import tenancy

TABLES = ("settlement_statement", "settlement_statementline", "settlement_statementtransition", "settlement_scorecard")


class Migration(migrations.Migration):
    """An objection has a code and words; leads see statements, collectors do not."""

    dependencies = [("settlement", "0005_vintage_walls"), ("placement", "0009_collector_walls")]

    operations = [
        migrations.AddField(model_name="statementtransition", name="reason_code", field=models.TextField(db_default="", default="")),
        migrations.AddField(model_name="statementtransition", name="words", field=models.TextField(db_default="", default="")),
        migrations.RunSQL([tenancy.collector_wall(table, "false") for table in TABLES]),
    ]
