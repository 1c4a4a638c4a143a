"""The people of the tests, the same in every file.

*Mei* manages agencies at the bank and *Lin*, another manager, approves; *Qiu* is its compliance officer, *Fan* its accountant; *Ann* leads
Aoki Collections and *Bo* collects at Birch Recovery; *Chen* borrows; *Dai* is a stranger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Firm:
    """A creditor or an agency of the tests.

    Attributes:
        code: unique within its kind.
        name: as shown.
    """

    code: str
    name: str


@dataclass(frozen=True)
class Member:
    """Somebody who logs in.

    Attributes:
        name: as shown.
        email: the login.
        role: one of `duecourse.parties.models.Role`.
        firm: where they work.
    """

    name: str
    email: str
    role: str
    firm: Firm


@dataclass(frozen=True)
class Borrower:
    """Somebody who owes, or a stranger; made up, with an identity number whose check digit is right.

    Attributes:
        name: as on the tape.
        identity_number: resident identity number.
        phone: mobile number in E.164.
    """

    name: str
    identity_number: str
    phone: str


BANK = Firm("lanxi", "Lanxi Bank 兰溪银行")
OTHER_BANK = Firm("tangxi", "Tangxi Consumer Finance 汤溪消费金融")
AOKI = Firm("aoki", "Aoki Collections 青木催收")
BIRCH = Firm("birch", "Birch Recovery 白桦清收")
IN_HOUSE = Firm("in-house", "Lanxi in-house team 兰溪内催")
ROBOT = Firm("robot", "Lanxi voice robot 兰溪语音机器人")

MEI = Member("Mei", "mei@lanxi.example", "manager", BANK)
LIN = Member("Lin", "lin@lanxi.example", "manager", BANK)
QIU = Member("Qiu", "qiu@lanxi.example", "compliance", BANK)
FAN = Member("Fan", "fan@lanxi.example", "accountant", BANK)
ANN = Member("Ann", "ann@aoki.example", "lead", AOKI)
BO = Member("Bo", "bo@birch.example", "collector", BIRCH)
STAFF = (MEI, LIN, QIU, FAN)
AGENTS = (ANN, BO)

CHEN = Borrower("陈一", "330781199003070017", "+8613800000001")
DAI = Borrower("戴二", "330781199208110027", "+8613800000002")
DAI_EMAIL = "dai@elsewhere.example"

PASSWORD = "seven-herons-over-lanxi"
FIRST_DAY = date(2026, 3, 2)
