"""Keep once what many permits and refusals were held against."""

import django.db.models.deletion
from django.db import migrations, models

from duecourse.kit import tenancy

TABLE = "contact_ruleset"

# Whoever writes, the hash is the text's own. The gate alone writes; who reads evidence may read what it names, and nobody guesses a hash.
HASHED = f"""
ALTER TABLE {TABLE} ADD CONSTRAINT rule_set_hash_fits CHECK (hash = encode(sha256(convert_to(content, 'UTF8')), 'hex'));
REVOKE INSERT ON {TABLE} FROM duecourse_app, duecourse_agency;
REVOKE USAGE ON SEQUENCE {TABLE}_id_seq FROM duecourse_app, duecourse_agency;
GRANT INSERT ON {TABLE} TO duecourse_gate;
GRANT USAGE ON SEQUENCE {TABLE}_id_seq TO duecourse_gate;
"""

READ = tenancy.gate_function(
    "rule_sets(p_creditor bigint, p_hashes text[])",
    returns="TABLE (hash text, content text)",
    body="""
#variable_conflict use_column
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY SELECT s.hash::text, s.content FROM contact_ruleset s WHERE s.creditor_id = p_creditor AND s.hash = ANY (p_hashes);
END
""",
)


class Migration(migrations.Migration):
    """A table of rule sets under their hashes, and the function that reads them."""

    dependencies = [("contact", "0018_second_looks"), ("parties", "0006_token_pace")]

    operations = [
        migrations.CreateModel(
            name="RuleSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hash", models.CharField(max_length=64)),
                ("content", models.TextField()),
                ("known_at", models.DateTimeField()),
                (
                    "creditor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.creditor",
                    ),
                ),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("creditor", "hash"), name="rule_set_once")]},
        ),
        migrations.RunSQL([tenancy.tenant_table(TABLE, is_book=True), HASHED, READ]),
    ]
