"""Let money in suspense and a month's recoveries be found without looking at every payment."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """The index of suspense holds only what was ever there."""

    dependencies = [("repayment", "0002_walls")]

    operations = [
        migrations.AddIndex(
            model_name="paymentmatch",
            index=models.Index(fields=["creditor", "payment"], condition=models.Q(("how", "suspense")), name="payment_match_suspense"),
        ),
        migrations.AddIndex(
            model_name="attribution",
            index=models.Index(fields=["creditor", "recognised_on"], name="attribution_recognised"),
        ),
    ]
