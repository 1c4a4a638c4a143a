"""Wall the ages of cases by creditor, and compute them for the snapshots that are there."""

from django.db import migrations

from duecourse.kit import tenancy

CASES, SUMS = "portfolio_casesnapshot", "portfolio_snapshotsum"


def leaf_table(table: str, head: str) -> str:
    """Return the SQL of a book that no other table refers to and no agency sees."""
    return "\n".join([head, tenancy.walls(table), tenancy.append_only(table), f"GRANT SELECT ON {table} TO duecourse_gate;"])


TABLES = [
    leaf_table(CASES, tenancy.tenant_references(CASES, {"case_id": "portfolio_case"})),
    leaf_table(SUMS, tenancy.tenant_root(SUMS)),
]

EARLIER = """
DO $$
DECLARE
    v_run record;
BEGIN
    FOR v_run IN SELECT DISTINCT creditor_id, step_run_id FROM portfolio_snapshot ORDER BY 1, 2 LOOP
        INSERT INTO portfolio_casesnapshot (creditor_id, step_run_id, case_id, as_of, product_class, lender_class, region, currency,
            days_past_due, bucket, bucket_number, balance_minor, account_count)
        WITH aged AS (
            SELECT s.case_id, s.account_id, s.as_of, s.currency, a.product_class, a.lender_class, s.days_past_due, s.bucket, s.bucket_number,
                s.balance_minor, sum(s.balance_minor) OVER product AS product_minor, sum(s.balance_minor) OVER currency AS currency_minor
            FROM portfolio_snapshot s JOIN portfolio_account a ON a.creditor_id = s.creditor_id AND a.id = s.account_id
            WHERE s.creditor_id = v_run.creditor_id AND s.step_run_id = v_run.step_run_id
            WINDOW product AS (PARTITION BY s.case_id, s.currency, a.product_class), currency AS (PARTITION BY s.case_id, s.currency)
        ), main AS (
            SELECT DISTINCT ON (case_id) case_id, currency, product_class, lender_class, as_of FROM aged
            ORDER BY case_id, currency_minor DESC, currency, product_minor DESC, product_class, balance_minor DESC, account_id
        ), oldest AS (
            SELECT DISTINCT ON (case_id) case_id, days_past_due, bucket, bucket_number FROM aged
            ORDER BY case_id, days_past_due DESC, account_id
        ), sums AS (
            SELECT a.case_id, sum(a.balance_minor)::bigint AS balance_minor, count(*) AS account_count
            FROM aged a JOIN main m ON m.case_id = a.case_id AND m.currency = a.currency GROUP BY a.case_id
        )
        SELECT v_run.creditor_id, v_run.step_run_id, m.case_id, m.as_of, m.product_class, m.lender_class, c.region, m.currency,
            o.days_past_due, o.bucket, o.bucket_number, s.balance_minor, s.account_count
        FROM main m JOIN oldest o ON o.case_id = m.case_id JOIN sums s ON s.case_id = m.case_id
        JOIN portfolio_case c ON c.creditor_id = v_run.creditor_id AND c.id = m.case_id ORDER BY m.case_id;
    END LOOP;
    INSERT INTO portfolio_snapshotsum (creditor_id, step_run_id, as_of, product_class, region, currency, bucket, bucket_number, case_count,
        balance_minor)
    SELECT creditor_id, step_run_id, as_of, product_class, region, currency, bucket, bucket_number, count(*), sum(balance_minor)
    FROM portfolio_casesnapshot
    GROUP BY creditor_id, step_run_id, as_of, product_class, region, currency, bucket, bucket_number;
END
$$;
"""


class Migration(migrations.Migration):
    """Both are books of the creditor's side; what they say of earlier snapshots is computed from those."""

    dependencies = [("portfolio", "0006_case_snapshots")]

    operations = [migrations.RunSQL(TABLES), migrations.RunSQL(EARLIER)]
