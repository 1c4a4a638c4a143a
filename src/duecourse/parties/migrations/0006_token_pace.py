"""Count how fast each token asks."""

from django.db import migrations

from duecourse.kit import tenancy

# A bucket per token that leaks at `p_rate` a second and holds `p_burst`. Counting must not wait for a disk nor survive a crash, so the table
# is not logged; nobody but the gate reaches it. Returned is how many milliseconds the caller has to wait, 0 when the request is within bounds.
PACE = """
CREATE UNLOGGED TABLE gate.token_pace (token_id bigint PRIMARY KEY, level double precision NOT NULL, at timestamptz NOT NULL)
    WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON gate.token_pace TO duecourse_gate;
""" + tenancy.gate_function(
    "token_counted(p_token bigint, p_rate integer, p_burst integer, p_at timestamptz)",
    returns="integer",
    body="""
DECLARE
    v_level double precision;
BEGIN
    INSERT INTO gate.token_pace AS pace (token_id, level, at) VALUES (p_token, 1, p_at)
    ON CONFLICT (token_id) DO UPDATE SET
        level = least(greatest(0, pace.level - p_rate * greatest(0, extract(epoch FROM p_at - pace.at)::double precision)) + 1, p_burst + 1),
        at = greatest(pace.at, p_at)
    RETURNING level INTO v_level;
    RETURN CASE WHEN v_level <= p_burst THEN 0 ELSE ceil((v_level - p_burst) * 1000 / p_rate)::integer END;
END
""",
    callers="duecourse_app",
)


class Migration(migrations.Migration):
    dependencies = [("parties", "0005_webhooks")]

    operations = [migrations.RunSQL(PACE)]
