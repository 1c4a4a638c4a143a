"""Let a month's refusals and connected calls be counted without looking at those of other months."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """The index of attempts holds only those in which somebody was reached."""

    dependencies = [("contact", "0004_answer_gate")]

    operations = [
        migrations.AddIndex(
            model_name="refusal",
            index=models.Index(fields=["creditor", "contact_at"], name="refusal_when"),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                fields=["creditor", "started_at"], condition=models.Q(("is_connected", True)), name="attempt_connected_when"
            ),
        ),
    ]
