"""Refuse any change to what a closed month brought of its cohorts."""

from django.db import migrations

CLOSED = """
CREATE TRIGGER settlement_vintageflow_closed BEFORE INSERT OR UPDATE OR DELETE ON settlement_vintageflow
    FOR EACH ROW EXECUTE FUNCTION gate.refuse_closed_month();
"""


class Migration(migrations.Migration):
    """Hold the end of a month for vintages too."""

    dependencies = [("cycle", "0003_closed_is_closed"), ("settlement", "0005_vintage_walls")]

    operations = [migrations.RunSQL(CLOSED)]
