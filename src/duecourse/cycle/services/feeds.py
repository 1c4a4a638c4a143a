"""Daily feeds of the core: one entrance for all kinds, and what each means for cases and placements, in one transaction.

Source: docs/feeds.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from duecourse.cycle.errors import FeedKindUnknown, FeedTimeUnknown
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Problem
from duecourse.ledger.services import statistics_refresh
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.models import Role
from duecourse.placement.selectors import policies_on
from duecourse.placement.services import feeds as placements
from duecourse.placement.services.feeds import Exit
from duecourse.portfolio.errors import IntakeBusy
from duecourse.portfolio.services import ControlTotals, IntakeResult, standing, tape_intake
from duecourse.portfolio.services.feeds import feed_take, waiting_take
from duecourse.portfolio.services.intake import intake_lock
from duecourse.portfolio.services.rows import AHEAD_MAX, FIRST_AT
from duecourse.portfolio.services.specs import FEED_KINDS, feed_mapping

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedResult:
    """What came of a feed; the same for a file that was taken in before.

    Attributes:
        feed_id: the file's record, a tape of its kind.
        kind: of the feed.
        is_new: False when the same file had been taken in before and nothing was done.
        is_trial: nothing was kept.
        counts: as `tape_intake` or `feed_take`, and what followed: `case_closed` by reason, `placement_ended_count`, `account_left_count`,
            `account_joined_count`, `account_followed_count`, `case_split_count`, `account_waiting_count`, `recall_pending_count`.
        problems: the first problems, rejected rows before remarks.
        rejects_path: where the rejected rows were written, or None.
        quarantined: `{column, cell_count, code, reason}` of personal columns that were not read.
    """

    feed_id: int
    kind: str
    is_new: bool
    is_trial: bool
    counts: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)
    rejects_path: Path | None = None
    quarantined: list[dict[str, Any]] = field(default_factory=list)


def feed_receive(
    *,
    actor: Actor,
    kind: str,
    path: Path,
    feed_at: datetime | None = None,
    mapping: str = "",
    control_totals: ControlTotals | dict[str, Any] | None = None,
    rejects_path: Path | None = None,
    progress: Progress | None = None,
    is_trial: bool = False,
) -> FeedResult:
    """Take in a daily feed and let cases, holds and placements follow.

    Args:
        actor: a manager of the creditor, or the system.
        kind: new, update, paid, cured, stopped or recalled.
        path: CSV, XLSX or Parquet; a stored file is copied out first (`portfolio.services.uploads`).
        feed_at: the core's instant for rows without one of their own.
        mapping: name of a mapping, path of a YAML file, or '' for the kind's own form.
        control_totals: what the sender declares; by default `<file>.control.json`, when there is one.
        rejects_path: where to write the rejected rows.
        progress: called with (done, total, text); total is 0 when it is not known.
        is_trial: do everything to the end, tell what would happen, and take it back.

    Raises:
        FeedKindUnknown: there is no such kind.
        FeedTimeUnknown: a feed of new accounts without a time, or one in another age.
        FileRefused, UnknownMapping, MappingInvalid, TotalsDisagree, ControlUnreadable, IntakeBusy, TapeChanged, StorageFull, Forbidden: as
            `portfolio.services.tape_intake`.

    Guarantees: one transaction, so killed at any moment it leaves everything or nothing; the same file does nothing twice; whatever the
        order and number of times files come in, accounts, balances, holds, cases and placements end the same.
    """
    require(actor, Role.MANAGER, action="take in a feed")
    if kind not in FEED_KINDS:
        raise FeedKindUnknown(kind=kind[:40], known=", ".join(FEED_KINDS))
    if feed_at is not None and not FIRST_AT <= feed_at <= now() + AHEAD_MAX:
        raise FeedTimeUnknown(kind=kind)
    arguments = {"actor": actor, "path": path, "feed_at": feed_at, "control_totals": control_totals, "rejects_path": rejects_path}
    arguments |= {"progress": progress, "is_trial": is_trial}
    with acting(actor):
        if not intake_lock(actor.creditor_id):
            raise IntakeBusy
        day = local_day(now(), creditor_of(actor).zone)
        taken = _new(mapping, arguments) if kind == "new" else feed_take(kind=kind, mapping=mapping, **arguments)
        effects = follow(actor=actor, tape_id=taken.tape_id, on=day) if taken.is_new and kind != "update" else {}
        if is_trial:
            connection.check_constraints()
            transaction.set_rollback(True)
    return FeedResult(
        feed_id=taken.tape_id, kind=kind, is_new=taken.is_new, is_trial=is_trial, counts=taken.counts | effects, problems=taken.problems,
        rejects_path=taken.rejects_path, quarantined=taken.quarantined,
    )  # fmt: skip


def follow(*, actor: Actor, tape_id: int | None, on: date) -> dict[str, Any]:
    """Let cases and placements follow the facts of a feed, or all facts, and return what was done, in one transaction.

    The order: accounts that are out leave, placements of which everything is paid or cured end, recalls become pending, accounts that came
    follow, split or wait, those that waited join where the case is free, cases without accounts close.
    """
    with acting(actor):
        policies = policies_on(creditor_id=actor.creditor_id, on=on)
        zone = creditor_of(actor).zone
        notice_days = max(policy.recall_notice_days for policy in policies.values())
        found = standing.standings_find(actor=actor, on=on, notice_days=notice_days, tape_id=tape_id)
        exits = placements.placement_exits(actor=actor, case_ids=found.placed_case_ids)
        broken = [(exit_.account_id, day) for exit_ in exits if (day := _left_on(exit_, notice_days=notice_days, on=on, zone=zone))]
        standing.accounts_break(actor=actor, on=on, rows=broken)
        ended_count = placements.placements_end_paid(actor=actor, exits=exits, at=now())
        pending_count = placements.recalls_follow(actor=actor, exits=exits, on=on)
        waiting = standing.accounts_waiting(actor=actor, on=on)
        choices = placements.new_accounts_of(actor=actor, case_ids=sorted({case_id for _, case_id in waiting}), on=on)
        following = [row for row in waiting if choices.get(row[1]) == "follow"]
        splitting = [account_id for account_id, case_id in waiting if choices.get(case_id) == "split"]
        if following:
            standing.accounts_follow(actor=actor, on=on, rows=following)
            placements.placement_accounts_add(actor=actor, rows=following, on=on)
        split_count = standing.accounts_split(actor=actor, on=on, account_ids=splitting) if splitting else 0
        settled = standing.standings_settle(actor=actor, on=on)
        statistics_refresh("portfolio_case", "portfolio_caseaccount", row_count=found.left_count)
        return {
            "account_left_count": found.left_count,
            "account_joined_count": settled.joined_count,
            "account_followed_count": len(following),
            "account_waiting_count": len(waiting) - len(following) - len(splitting),
            "case_split_count": split_count,
            "case_closed": settled.closed_counts,
            "placement_ended_count": ended_count,
            "recall_pending_count": pending_count,
        }


def _left_on(exit_: Exit, *, notice_days: int, on: date, zone: str) -> date | None:
    """Return the day on which an account that is still in its placed case went out of it, or None."""
    if exit_.member_from_on is None:
        return None
    days = [local_day(exit_.money_at, zone)] if exit_.money_at else []
    recalled_on = local_day(exit_.recalled_at, zone) if exit_.recalled_at else None
    if recalled_on and recalled_on + timedelta(days=notice_days) < on:
        days.append(recalled_on)
    return min(days, default=None)


def _new(mapping: str, arguments: dict[str, Any]) -> IntakeResult:
    """Take newly overdue accounts in, and what had waited for them."""
    actor: Actor = arguments["actor"]
    if arguments["feed_at"] is None:
        raise FeedTimeUnknown(kind="new")
    creditor = creditor_of(actor)
    chosen = feed_mapping(mapping, kind="new", creditor_id=creditor.pk, currency=creditor.currency, zone=creditor.zone)
    as_of = local_day(arguments["feed_at"], creditor.zone)
    taken = tape_intake(mapping=chosen, as_of=as_of, feed_kind="new", **arguments)
    if taken.is_new:
        waited = waiting_take(actor=actor)
        taken.counts["waited_count"] = waited.applied_count + waited.superseded_count if waited else 0
    return taken
