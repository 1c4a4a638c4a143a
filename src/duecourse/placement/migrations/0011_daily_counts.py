"""Let terms that end and recalls that are pending be counted without looking at every placement."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Both indexes hold only the rows that are counted."""

    dependencies = [("placement", "0010_followers")]

    operations = [
        migrations.AddIndex(
            model_name="placement",
            index=models.Index(
                fields=["creditor", "term_until_on"], condition=models.Q(("during__upper_inf", True)), name="placement_open_term"
            ),
        ),
        migrations.AddIndex(
            model_name="placementtransition",
            index=models.Index(
                fields=["creditor", "placement"], condition=models.Q(("status", "recall_pending")), name="placement_recall_pending"
            ),
        ),
    ]
