"""Home, portfolio and scorecards."""

from tests.doors.scope import ALL_IN, CREDITOR_ONLY

ROWS = {
    "home": ("/", ALL_IN | {"lead": 302, "collector": 302}),
    "home-owed": ("/home/owed/", CREDITOR_ONLY),
    "portfolio": ("/portfolio/", CREDITOR_ONLY),
    "portfolio-rolls": ("/portfolio/rolls/", CREDITOR_ONLY),
    "portfolio-vintages": ("/portfolio/vintages/", CREDITOR_ONLY),
    "cases": ("/portfolio/cases/", CREDITOR_ONLY),
    "scorecards": ("/scorecards/", CREDITOR_ONLY),
}
