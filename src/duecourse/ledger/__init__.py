"""The books and the trail: double entry, audit events, stored files and idempotency keys."""
