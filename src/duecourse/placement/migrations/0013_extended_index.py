"""Let the extended cases of a batch be counted without looking at all that happened to it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """An index of the transitions that extended a placement."""

    dependencies = [("placement", "0012_walls_by_index")]

    operations = [
        migrations.AddIndex(
            model_name="placementtransition",
            index=models.Index(fields=["creditor", "placement"], condition=models.Q(("status", "extended")), name="placement_extended"),
        ),
    ]
