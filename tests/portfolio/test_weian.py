"""The shipped mapping weian and guesses over tapes: hand-over files as the trade writes them become rows of the tape."""

from __future__ import annotations

from datetime import date

import pytest

from duecourse.engine.simulate import World, WorldSettings
from duecourse.kit.records import Mapping, TotalsRowDisagrees, UnknownMapping, guess_mapping, read, write_xlsx
from duecourse.kit.records.headers import HeaderIndex
from duecourse.kit.records.surplus import KINDS
from duecourse.parties.access import acting
from duecourse.portfolio import services
from duecourse.portfolio.models import Account, Person, Tape
from duecourse.portfolio.services.specs import MAPPINGS, OVERDUE_TAPE, shipped_mappings, tape_mapping
from tests.kit.records.workbooks import workbook
from tests.portfolio.tapes import CHEN, DAI

AS_OF = date(2026, 9, 30)
UPPER = [
    "个案序列号",
    "客户信息",
    None,
    None,
    "欠款信息（元）",
    None,
    None,
    None,
    None,
    "逾期情况",
    None,
    "联系人1",
    None,
    "QQ",
    "产品名称",
    "币种",
]
LOWER = [
    None,
    "姓名",
    "身份证号",
    "手机号码",
    "委案\n金额",
    "剩余本金",
    "利息",
    "罚息",
    "滞纳金",
    "逾期日期",
    "账龄",
    "姓名",
    "证件号",
    None,
    None,
    None,
]
ROWS = [
    [
        "A-1",
        CHEN["person_name"],
        CHEN["id_number"],
        CHEN["phone"],
        "１，０２４．００",
        1000,
        "20.00",
        3,
        1,
        "2026年9月1日",
        "M1",
        "李四",
        "x",
        "1",
        "个人消费贷",
        "人民币",
    ],
    [
        "Ａ－２",
        DAI["person_name"],
        DAI["id_number"],
        DAI["phone"],
        500.5,
        "500.50",
        None,
        "-",
        None,
        46266,
        "M1",
        "赵六",
        "y",
        "2",
        "XX信用卡",
        "ＣＮＹ",
    ],
]
TOTALS = ["合计", None, None, None, 1524.5, 1500.5, 20, 3, 1]

CHINESE = {
    "account_number": "个案序列号", "person_name": "客户姓名", "id_type": "证件类型", "id_number": "身份证号码", "birth_on": "出生日期", "phone": "手机号码",
    "phone_zone": "手机时区", "address": "家庭住址", "region": "行政区划", "product_class": "产品类型", "lender_class": "机构类型", "currency": "币种",
    "principal_minor": "剩余本金(元)", "interest_minor": "利息", "fee_minor": "手续费", "penalty_minor": "罚息", "balance_minor": "委案金额",
    "oldest_due_on": "最早逾期日期", "days_past_due": "逾期天数", "opened_on": "放款日期", "credit_limit_minor": "授信额度", "instalment_minor": "月供",
    "last_paid_on": "最后还款日期", "last_paid_minor": "最后还款金额", "email": "邮箱", "employer": "工作单位",
}  # fmt: skip


def handed_over(folder, *, rows=ROWS, totals=TOTALS, title="XX银行2026年9月委案清单"):
    """Write the hand-over workbook: a title, two rows of header with merged cells, the rows, the totals."""
    merged = ["A1:P1", "A2:A3", "B2:D2", "E2:I2", "J2:K2", "L2:M2"]
    return workbook(folder / "委案.xlsx", [[title], UPPER, LOWER, *rows, totals], merged=merged)


def take(bank, path, **options):
    """Take a file in as Mei, by weian."""
    return services.tape_intake(actor=bank.mei, path=path, mapping=options.pop("mapping", "weian"), as_of=AS_OF, **options)


def test_a_hand_over_workbook_becomes_cases(bank, tmp_path):
    """Two debtors are taken in with their amounts; contacts and chat numbers are quarantined; the totals are no account."""
    result = take(bank, handed_over(tmp_path))
    assert (result.counts["accepted_count"], result.counts["rejected_count"]) == (2, 0)
    assert result.counts["balance_minor"] == {"CNY": 152450}
    assert {column["column"] for column in result.quarantined} == {"联系人1 / 姓名", "联系人1 / 证件号", "QQ"}
    assert result.counts["problems"] == {"TotalsRow": 1}
    with acting(bank.mei):
        assert sorted(Account.objects.values_list("number", "product_class", "lender_class")) == [
            ("A-1", "consumer_loan", "bank"),
            ("A-2", "credit_card", "bank"),
        ]
        assert Person.objects.count() == 2


def test_totals_that_disagree_leave_nothing(bank, tmp_path):
    """A file whose last row contradicts its rows is refused whole."""
    with pytest.raises(TotalsRowDisagrees, match="欠款信息"):
        take(bank, handed_over(tmp_path, rows=ROWS[:1]))
    with acting(bank.mei):
        assert not Tape.objects.exists()
        assert not Account.objects.exists()


def test_what_is_refused_comes_back_under_the_names_it_had(bank, tmp_path):
    """Rows refused at once and rows refused late stand in one file, whose joined names the same mapping reads again."""
    late, early = (["A-3", *ROWS[0][1:4], "9", 1, 1, 1, 1, *ROWS[0][9:]], ["A-4", *ROWS[0][1:4], "many", 1, 1, 1, 1, *ROWS[0][9:]])
    rejects = tmp_path / "rejects.csv"
    result = take(bank, handed_over(tmp_path, rows=[*ROWS, late, early], totals=[]), rejects_path=rejects)
    assert result.counts["problems"] == {"AmountUnreadable": 1, "ComponentsUnequal": 1}
    text = rejects.read_text(encoding="utf-8-sig")
    assert text.startswith('"个案序列号","客户信息 / 姓名","客户信息 / 身份证号","客户信息 / 手机号码","欠款信息(元) / 委案 金额"')
    assert "李四" not in text
    rejects.write_text(text.replace('"many"', '"4"').replace('"9"', '"4"'), encoding="utf-8-sig")
    again = take(bank, rejects)
    assert (again.counts["accepted_count"], again.counts["rejected_count"]) == (2, 0)


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("证件号", "id_number"), ("身份证号", "id_number"), ("手机", "phone"), ("手机号码", "phone"), ("委案金额(元)", "balance_minor"),
        ("剩余本金", "principal_minor"), ("利息", "interest_minor"), ("罚息", "penalty_minor"), ("违约金", "penalty_minor"),
        ("滞纳金", "penalty_minor"), ("管理费", "fee_minor"), ("超限费", "fee_minor"), ("逾期天数", "days_past_due"), ("账龄", "days_past_due"),
        ("逾期日期", "oldest_due_on"), ("币种", "currency"), ("产品", "product_class"), ("个案序列号", "account_number"), ("姓名", "person_name"),
        ("开卡日", "opened_on"), ("最后还款日", "last_paid_on"), ("车架号", "collateral_reference"), ("额度", "credit_limit_minor"),
    ],
)  # fmt: skip
def test_the_trades_names_are_known(column, field):
    """Each usual name stands for its field."""
    assert HeaderIndex(tape_mapping("weian")).field_of(column) == field


OVER_COLLECTED = [
    "QQ",
    "微信号",
    "社保号",
    "单位",
    "单位电话",
    "单位地址",
    "职位",
    "生日",
    "年龄",
    "性别",
    "备注1",
    "原催收记录",
    "家庭电话",
]


@pytest.mark.parametrize(
    "column", [*(f"联系人{n}{part}" for n in range(1, 7) for part in ("姓名", "证件号", "电话1", "单位")), *OVER_COLLECTED]
)
def test_over_collected_columns_are_quarantined_by_default(column):
    """Contacts, chat, social security, employer, free text: none is read, each has a reason."""
    weian = tape_mapping("weian")
    assert HeaderIndex(weian).field_of(column) is None
    assert weian.surplus_code(column) in KINDS


@pytest.mark.parametrize(
    "column",
    [
        "批次号",
        "委案日期",
        "预计退案日",
        "实际退案日",
        "最低还款额",
        "账单日",
        "M值系数",
        "曾逾期次数",
        "利率",
        "公司佣金比率",
        "催收手别",
        "PTP金额",
        "CP金额",
    ],
)
def test_what_is_known_and_not_needed_makes_no_noise(column):
    """Names of the trade's forms that the tape has no use for are neither read nor reported."""
    assert tape_mapping("weian").is_ignored(column)


def test_shipped_mappings_survive_being_written(tmp_path):
    """Every shipped mapping, written and read back, is itself."""
    for mapping in shipped_mappings():
        (tmp_path / "m.yaml").write_text(mapping.to_yaml(), encoding="utf-8")
        assert Mapping.from_yaml(tmp_path / "m.yaml", spec=OVERDUE_TAPE) == mapping
    assert {path.stem for path in MAPPINGS.glob("*.yaml")} >= {"native", "lendingclub", "weian"}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """A simulated tape under Chinese headers, with an employer."""
    world = World(WorldSettings(5, account_count=400, months=1, with_employer=True))
    tape = world.tape(world.present)
    rows = []
    for record in tape.to_pylist():
        shown = [
            f"{value // 100}.{value % 100:02d}" if name.endswith("_minor") and value is not None else value
            for name, value in record.items()
        ]  # house: allow hundred because it writes test amounts
        rows.append(shown)
    return workbook(tmp_path_factory.mktemp("sim") / "t.xlsx", [[CHINESE[name] for name in tape.column_names], *rows]), tape


def test_the_guess_gets_every_field_of_a_simulated_tape_right(simulated):
    """Under Chinese headers, every column of the tape is proposed for its own field, birth and employer for quarantine."""
    path, tape = simulated
    guess = guess_mapping(path, spec=OVERDUE_TAPE, known=shipped_mappings())
    expected = {CHINESE[name]: name for name in tape.column_names} | {"出生日期": "quarantine", "工作单位": "quarantine"}
    assert {column.column: column.proposal for column in guess.columns} == expected
    assert guess.missing == ()
    assert min(column.score for column in guess.columns) >= 0.5


def test_the_guessed_mapping_reads_what_was_simulated(simulated, settings, tmp_path):
    """Saved, found again by name, the mapping gives the simulated amounts back."""
    settings.DUECOURSE_HOME = tmp_path
    path, tape = simulated
    made = guess_mapping(path, spec=OVERDUE_TAPE, known=shipped_mappings()).to_mapping("sim", version=2026112101)
    services.tape_mapping_save(made, creditor_id=1)
    assert tape_mapping("sim", creditor_id=1) == tape_mapping("sim.2026112101", creditor_id=1) == made
    with pytest.raises(UnknownMapping):
        tape_mapping("sim", creditor_id=2)
    chunks = list(read(path, spec=OVERDUE_TAPE, mapping=made))
    for name in ("balance_minor", "penalty_minor", "oldest_due_on", "id_number", "last_paid_minor"):
        assert [value for chunk in chunks for value in chunk.table[name].to_pylist()] == tape[name].to_pylist()


def test_our_own_workbook_is_guessed_whole(tmp_path):
    """A workbook that we wrote is proposed column by column as what it is."""
    row = {
        "account_number": "a",
        "product_class": "other",
        "lender_class": "bank",
        "currency": "CNY",
        "principal_minor": 1,
        "balance_minor": 1,
    }
    write_xlsx(tmp_path / "t.xlsx", [row], spec=OVERDUE_TAPE, lang="zh-hans")
    guess = guess_mapping(tmp_path / "t.xlsx", spec=OVERDUE_TAPE, known=shipped_mappings())
    assert [column.proposal for column in guess.columns] == list(OVERDUE_TAPE.names)


def test_lendingclub_headers_give_sense(tmp_path):
    """Known English names are proposed, unknown ones passed over with a word, and what is missing is listed."""
    text = (
        "id,loan_amnt,funded_amnt,term,int_rate,installment,grade,emp_title,home_ownership,annual_inc,issue_d,loan_status,addr_state,dti,"
        "total_rec_prncp,recoveries,last_pymnt_d,last_pymnt_amnt\n"
        "68407277,3600,3600, 36 months,13.99,123.03,C,leadman,MORTGAGE,55000,Dec-2015,Charged Off,PA,5.91,3600,0,Jan-2019,122.67\n"
        "68355089,24700,24700, 36 months,11.99,820.28,C,Engineer,MORTGAGE,65000,Dec-2015,Late (31-120 days),SD,16.06,24700,0,Jun-2016,926.35\n"
    )
    (tmp_path / "lc.csv").write_text(text, encoding="utf-8")
    guess = guess_mapping(tmp_path / "lc.csv", spec=OVERDUE_TAPE, known=shipped_mappings())
    proposals = {column.column: column.proposal for column in guess.columns}
    assert {name: field for name, field in proposals.items() if field} == {
        "id": "account_number", "funded_amnt": "lent_minor", "installment": "instalment_minor", "issue_d": "opened_on", "loan_status": "standing",
        "addr_state": "region", "total_rec_prncp": "principal_repaid_minor", "recoveries": "recovered_minor", "last_pymnt_d": "last_paid_on",
        "last_pymnt_amnt": "last_paid_minor",
    }  # fmt: skip
    assert guess.missing == ("product_class", "lender_class", "currency", "principal_minor", "balance_minor")
    assert guess.dates == ("YYYY-MM-DD", "Mon-YYYY")
