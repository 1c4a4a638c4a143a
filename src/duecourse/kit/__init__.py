"""The ground floor's tool box: money, calendar, ids, records, masking, crypto, errors and the one clock."""
