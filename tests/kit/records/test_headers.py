"""Names of columns and rows of headers: what is taken for the same, and what never is."""

from __future__ import annotations

import pytest

from duecourse.kit.records import Mapping
from duecourse.kit.records.headers import HeaderIndex, find_header, join_rows
from duecourse.kit.records.names import is_like, normal
from duecourse.kit.records.surplus import KINDS, PATTERNS, surplus_code

MAPPING = Mapping(
    name="m",
    record="r",
    header_rows=0,
    columns={"借据号": "number"},
    synonyms={"name": ("姓名", "客户姓名"), "id_number": ("证件号", "身份证号"), "phone": ("手机",)},
    sums={"penalty_minor": ("罚息", "违约金")},
)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("剩余本金（元）", "剩余本金"),
        ("剩余\n本金\r\n(单位：元)", "剩余本金"),
        ("＊姓 名", "姓名"),
        ("证件号*（必填）", "证件号"),
        ("3、逾期天数(天)", "逾期天数"),
        ("ＤＰＤ：", "dpd"),
        ("【元】利息", "利息"),
        ("剩余本金(万元)", "剩余本金(万元)"),
        ("余额(美元)", "余额(美元)"),
        ("2026年金额", "2026年金额"),
    ],
)
def test_what_does_not_tell_columns_apart_is_evened_out(written, plain):
    """Width, blanks, line breaks, yuan and must-fill marks go; 万元 and other currencies, which change the number, stay."""
    assert normal(written) == plain


def test_two_rows_become_one():
    """A group heading in the first of its merged cells reaches to the next heading; a name merged downwards stays alone."""
    upper = ["编号", "客户信息", "", "欠款(元)", "", "备注"]
    lower = ["", "姓名", "证件号", "本金", "利息"]
    assert join_rows(upper, lower) == ["编号", "客户信息 / 姓名", "客户信息 / 证件号", "欠款(元) / 本金", "欠款(元) / 利息", "备注"]


@pytest.mark.parametrize("title_count", [0, 1, 4])
def test_the_header_is_found_below_titles(title_count):
    """Title rows above do not matter, nor does the data below; single rows win over pairs."""
    rows = [["XX银行委案清单"]] * title_count + [["借据号", "姓名", "证件号"], ["1", "张三", "x"]]
    assert find_header(rows, mapping=MAPPING) == (["借据号", "姓名", "证件号"], title_count + 1)


def test_a_pair_is_found_where_it_names_more():
    """The pair is taken when names stand in both rows, and the rows below it are data."""
    rows = [["委案清单"], ["借据号", "客户", "", "罚息"], ["", "姓名", "手机", ""], ["1", "张三", "2", "3"]]
    assert find_header(rows, mapping=MAPPING) == (["借据号", "客户 / 姓名", "客户 / 手机", "罚息"], 3)


def test_a_header_nobody_knows_is_the_first_row_of_words():
    """Without a known name the first wide row without numbers is taken, so that a guess has something to look at."""
    rows = [["report"], ["a", "b", "c"], ["x", "1", "2"]]
    assert find_header(rows, mapping=MAPPING) == (["a", "b", "c"], 2)
    assert find_header([], mapping=MAPPING) == ([], 0)


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("客户姓名", "name"),
        ("身份证号（必填）", "id_number"),
        ("客户信息 / 姓名", "name"),
        ("欠款信息 / 违约金(元)", "penalty_minor"),
        ("联系人1 / 姓名", None),
        ("担保人 / 证件号", None),
        ("紧急联络人 / 手机", None),
        ("推荐人 / 手机", None),
        ("姓名2", None),
    ],
)
def test_a_name_under_a_group_is_the_debtors_only_if_the_group_is_harmless(column, field):
    """The name of a contact or a guarantor is never taken for the debtor's, even where nothing else has that name."""
    assert HeaderIndex(MAPPING).field_of(column) == field


def test_a_name_that_two_fields_share_means_neither_in_another_spelling():
    """`A b` and `a B` as two fields are told apart as written, and not guessed otherwise."""
    index = HeaderIndex(Mapping(name="m", record="r", columns={"A b": "x", "a B": "y"}))
    assert [index.field_of(name) for name in ("A b", "a B", "AB")] == ["x", "y", None]


@pytest.mark.parametrize(
    ("column", "code"),
    [
        ("联系人1证件号", "BystanderColumn"),
        ("联系人6 / 电话2", "BystanderColumn"),
        ("QQ号码", "AccountOfOthersColumn"),
        ("微 信", "AccountOfOthersColumn"),
        ("社保号", "AccountOfOthersColumn"),
        ("单位电话", "EmployerColumn"),
        ("民族", "SensitiveColumn"),
        ("Contact Person", "BystanderColumn"),
        ("备注", None),
        ("姓名", None),
    ],
)
def test_over_collected_columns_are_known_by_name(column, code):
    """Contacts, chat accounts, social security, employer and belief are quarantined, each with its own reason."""
    assert surplus_code(column) == code
    assert code is None or KINDS[code][0]


def test_every_reason_has_a_sentence_and_named_patterns_their_own():
    """No pattern without a sentence; what only the mapping names is said to be named by the mapping."""
    assert set(PATTERNS) <= set(KINDS)
    assert surplus_code("担保人电话", named=("*担保人*",)) == "NamedSurplus"
    assert is_like("Home  Phone", ("home_phone",))
