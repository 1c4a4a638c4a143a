"""Assets and cases: tapes, persons, accounts, cases, holds, pauses and snapshots."""
