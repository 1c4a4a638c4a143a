"""Note the day on which an account followed its debtor's case into a placement."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Null for the accounts a placement began with."""

    dependencies = [("placement", "0009_collector_walls")]

    operations = [migrations.AddField(model_name="placementaccount", name="joined_on", field=models.DateField(null=True))]
