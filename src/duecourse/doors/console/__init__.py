"""The creditor's console: pages behind a login."""
