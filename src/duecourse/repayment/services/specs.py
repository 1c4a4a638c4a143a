"""What a row of a file of payments means, and the mappings that are shipped."""

from __future__ import annotations

from pathlib import Path

from duecourse.kit.records import Field, Mapping, RecordSpec, find_mapping

MAPPINGS = Path(__file__).parents[1] / "mappings"

NATIVE_PAYMENTS = RecordSpec(
    "payments",
    (
        Field(name="bank_account", required=True, length_max=64, en="Bank account", zh="收款账号"),
        Field(name="external_ref", required=True, length_max=128, en="Bank reference", zh="银行流水号"),
        Field(name="amount_minor", type="amount", required=True, en="Amount", zh="金额"),
        Field(name="currency", required=True, length_max=3, en="Currency", zh="币种"),
        Field(name="paid_on", type="date", required=True, en="Paid on", zh="还款日期"),
        Field(name="booked_on", type="date", required=True, en="Booked on", zh="入账日期"),
        Field(name="account_number", length_max=64, en="Account number", zh="账户编号"),
        Field(name="payer_id_number", length_max=64, privacy="sensitive", en="Payer's identity number", zh="付款人证件号码"),
        Field(name="channel", length_max=64, en="Channel", zh="渠道"),
        Field(name="reverses_ref", length_max=128, en="Reverses reference", zh="冲正原流水号"),
    ),
)
"""One row per movement on a bank account of the creditor's. A reversal is negative and names the payment it takes back by its reference on the same
bank account. The payer's identity number becomes a blind index in memory and is kept nowhere but in the sealed file."""


def payments_mapping(name: str) -> Mapping:
    """Return a shipped mapping by name, or the one in a YAML file.

    Raises:
        UnknownMapping: there is none of that name; those that exist are listed.
        MappingInvalid: it does not fit the record.
    """
    return find_mapping(name, folder=MAPPINGS, spec=NATIVE_PAYMENTS)
