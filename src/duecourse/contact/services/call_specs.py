"""What a row of a file of call records means, the mappings that are shipped, and what is wrong with a row beyond the form of its cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from duecourse.contact.models import CallDisposition
from duecourse.kit.errors import Problem
from duecourse.kit.records import Field, Mapping, RecordSpec, find_mapping
from duecourse.kit.records.names import even
from duecourse.parties.models import Creditor
from duecourse.portfolio.services.specs import saved_folder

MAPPINGS = Path(__file__).parents[1] / "mappings"
NATIVE, LOCAL = "native", "local"
SECONDS_MAX = 86_400
"""No call lasts longer than a day."""

CALL_RECORDS = RecordSpec(
    "call_records",
    (
        Field(name="call_ref", required=True, length_max=128, is_identifier=True, en="Call id", zh="通话编号"),
        Field(name="started_at", type="instant", required=True, en="Started", zh="呼叫开始时间"),
        Field(name="number", required=True, length_max=32, is_identifier=True, privacy="personal", en="Number dialled", zh="被叫号码"),
        Field(name="talk_seconds", type="integer", unit="seconds", required=True, minimum=0, en="Talk", zh="通话时长"),
        Field(name="ring_seconds", type="integer", unit="seconds", minimum=0, en="Ring", zh="振铃时长"),
        Field(name="total_seconds", type="integer", unit="seconds", minimum=0, en="Total", zh="总时长"),
        Field(name="disposition", length_max=64, en="Result", zh="呼叫结果"),
        Field(name="caller_line", length_max=64, en="Caller", zh="主叫号码"),
        Field(name="agent_code", length_max=64, en="Agent", zh="坐席工号"),
        Field(name="stated_permit", length_max=64, is_identifier=True, en="Permit", zh="许可编号"),
        Field(name="recording_ref", length_max=256, en="Recording", zh="录音编号"),
    ),
)
"""One row for each call that was dialled, connected or not. The number becomes a blind index in memory and is kept in the sealed file only."""

_WORDS = {
    **{code.value: code.value for code in CallDisposition},
    **dict.fromkeys(("接通", "已接通", "接听", "已接听", "应答", "人工接听", "成功", "connected", "answer", "success"), "answered"),
    **dict.fromkeys(("语音信箱", "留言", "秘书台", "彩铃助理", "voice mail", "machine"), "voicemail"),
    **dict.fromkeys(("未接", "未接通", "未接听", "无人接听", "无应答", "振铃未接", "no answer", "noanswer", "missed"), "no_answer"),
    **dict.fromkeys(("忙", "忙线", "占线", "用户忙", "正在通话中", "user busy"), "busy"),
    **dict.fromkeys(("拒接", "拒绝", "用户拒接", "挂断未接", "rejected", "declined"), "refused"),
    **dict.fromkeys(("失败", "呼叫失败", "空号", "停机", "关机", "不在服务区", "无法接通", "unreachable", "congestion"), "failed"),
}
WORDS: dict[str, str] = {even(word): code for word, code in _WORDS.items()}
"""Words of the trade for how a call ended, half-width, in small letters and without blanks; what is not among them is `other`."""

KINDS: dict[str, tuple[str, str, str]] = {
    "NumberUnreadable": ("number", "The number dialled is no telephone number.", "Send it in full, as it was dialled."),
    "CallAhead": (
        "started_at",
        "The call lies in the future, or was not over yet.",
        "Check the clock of the telephone system and its zone.",
    ),
    "CallSecondsImplausible": ("talk_seconds", "A duration is longer than a day.", "Send durations in seconds."),
    "CallOfAnotherDay": ("started_at", "The call began on {day}, and the file is of {on}.", "Send it in the file of its own day."),
    "CallRefConflict": (
        "call_ref",
        "The call id stands for a call with other content already.",
        "The first one stays as it is; if it is wrong, tell the creditor's compliance officer.",
    ),
}
"""Kind → column, what, what to do."""


def row_problem(code: str, *, row: int, **parameters: Any) -> Problem:
    """Return a problem of one of `KINDS`."""
    column, what, todo = KINDS[code]
    return Problem(row=row, column=column, code=code, what=what, todo=todo, parameters=parameters)


def call_mapping(name: str, *, creditor: Creditor) -> Mapping:
    """Return how a performer's file is read.

    `native` wants times with offsets; `local` is the same and reads times without one in the creditor's zone; else a saved mapping, or the one
    in a YAML file.

    Raises:
        UnknownMapping, MappingInvalid: as `find_mapping`.
    """
    is_local = name == LOCAL
    found = find_mapping(NATIVE if is_local else name, folder=MAPPINGS, saved=saved_folder(creditor.pk), spec=CALL_RECORDS)
    return replace(found, name=LOCAL, zone=creditor.zone) if is_local else found


def disposition_of(said: str | None, *, is_talk: bool) -> str:
    """Return how a call ended by the telephone system's own word; without a word, whether somebody talked decides."""
    if not said:
        return "answered" if is_talk else "other"
    return WORDS.get(even(said), "other")
