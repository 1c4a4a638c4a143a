"""Who gets what at the entrance and from the months."""

from tests.doors.scope import ALL_IN, CREDITOR_ONLY, VISITORS

ROWS = {
    "login": ("/login/", dict.fromkeys(VISITORS, 302) | {"anonymous": 200}),
    "logout": ("/logout/", dict.fromkeys(VISITORS, 405) | {"anonymous": 302}),
    "sides": ("/sides/", ALL_IN),
    "month": ("/months/2026-09/", CREDITOR_ONLY),
    "month-json": ("/months/2026-09/report.json", CREDITOR_ONLY),
    "set_language": ("/i18n/setlang/", dict.fromkeys(VISITORS, 302)),
}
