"""What can go wrong between parties."""

from __future__ import annotations

from duecourse.kit.errors import Conflict, DuecourseError, InvalidInput


class NoActor(DuecourseError):
    """Tenant rows were asked for outside `acting(...)`."""

    what = "Nobody is acting."
    why = "Tenant rows are reached only on behalf of a known actor."
    todo = "Wrap the call in parties.access.acting(actor)."
    http_status = 500


class MembershipMissing(DuecourseError):
    """The user has no membership that is open on the day."""

    what = "This login belongs to no creditor and no agency today."
    why = "Its membership has ended or has not begun."
    todo = "Ask a manager of the creditor to renew it."
    http_status = 403


class SamePersonTwice(Conflict):
    """A decision needs a second person."""

    what = "You asked for this yourself."
    why = "A second person has to decide it."
    todo = "Ask a colleague with the role {role} to decide."


class FeeScheduleBroken(InvalidInput):
    """A fee schedule has gaps or overlaps."""

    what = "The fee schedule cannot be saved: {reasons}."
    why = "Every case must have exactly one rate."
    todo = "Mend the bounds; they are half-open, so one line's end is the next line's beginning."


class AlreadyDecided(Conflict):
    """One request is decided once."""

    what = "This was decided already."
    why = "A decision stands; what it decided cannot be decided again."
    todo = "Look at the decision, or ask anew."


class TermsRefused(InvalidInput):
    """The terms of a contract version contradict themselves or the house."""

    what = "The terms cannot be saved: {reasons}."
    why = "The terms drive allocation, handover and commission by themselves."
    todo = "Correct them; no version was added."


class SpanRefused(InvalidInput):
    """A span of days ends before it begins."""

    what = "The span from {from_on} until {until_on} holds no day."
    todo = "Spans are half-open: the end is the first day after."


class QualificationRefused(InvalidInput):
    """Evidence of a collector does not say what it shows."""

    what = "This evidence cannot be recorded: {reasons}."
    why = "A contact is refused where the evidence does not hold, so it must say what it shows, by which document and for which days."
    todo = "Mend each of them."

    def __init__(self, *, reasons: list[str]) -> None:
        super().__init__(reasons="; ".join(reasons))


class QualificationWithdrawn(Conflict):
    """Evidence that was withdrawn is to be confirmed."""

    what = "This evidence was withdrawn."
    todo = "If it holds after all, have it put down again."


class SettingUnknown(InvalidInput):
    """A creditor is to work in a zone, calendar or currency that is not known here."""

    what = "There is no {setting} {value!r} here."
    todo = "Choose one that this installation knows."


class RoleElsewhere(InvalidInput):
    """A role is given on the wrong side."""

    what = "The role {role} is given to the wrong side."
    why = "The creditor's roles and an agency's roles are different ones."
    todo = "Name the agency for lead and collector, and none for the others."


class PasswordRefused(InvalidInput):
    """A password is too easy to guess."""

    what = "The password cannot be used: {reasons}"
    todo = "Take a longer one, three or four words for example."


class EmailTaken(Conflict):
    """An e-mail address is one login."""

    what = "There is already a login with this e-mail address."
    todo = "Grant that user a membership instead of adding another."


class LoginRefused(DuecourseError):
    """E-mail address and password do not belong together, or the login is closed; the two look the same."""

    what = "E-mail address and password do not belong together."
    todo = "Try again, or ask a manager of your creditor for a new password."
    http_status = 403


class LoginThrottled(LoginRefused):
    """Too many failed logins."""

    what = "There were too many failed logins for this address."
    why = "So that passwords cannot be guessed one after another."
    todo = "Wait {minutes} minutes and try again."
    http_status = 429


class CodeTaken(Conflict):
    """A code is in use."""

    what = "There is already a {entity} with the code {code}."
    todo = "Choose another code, or change the one there is."


class TokenRefused(DuecourseError):
    """A request to the API carries no token that holds; unknown, ended and revoked look the same."""

    what = "This request carries no valid token."
    why = "There is none, it is not known, it has ended, or it was revoked."
    todo = "Send the header Authorization: Bearer dc_…; a manager of the creditor issues tokens (duecourse token issue)."
    http_status = 401


class ScopeMissing(DuecourseError):
    """A token is used for what it was not given for."""

    what = "The token does not reach this far."
    why = "It takes the scope {scope}."
    todo = "Ask a manager of the creditor for a token with that scope."
    http_status = 403


class ScopeElsewhere(InvalidInput):
    """A token is to get a scope that its side does not have, or none."""

    what = "A token cannot have these scopes: {scopes}."
    why = "This side has: {known}."
    todo = "Choose at least one of those."


class TokenTermsRefused(InvalidInput):
    """A token without a name, or with a life that is too long."""

    what = "A token needs a name, and lives between 1 and {days} days."
    todo = "Say which integration it is for, and for how many days."


class ExportNotOpen(Conflict):
    """An export is not in the state that the action needs."""

    what = "Export {export_id} does not wait for this."
    why = "Somebody did it already, or it is not that far yet, or its time is over."
    todo = "Open the export: it says where it stands and what comes next."


class ExportTermsRefused(InvalidInput):
    """An export without a purpose, without columns, or without rows."""

    what = "This cannot be exported: {reasons}."
    todo = "Say in a sentence what the file is for, and choose at least one column of a listing that has rows."


class ExportLeaving(DuecourseError):
    """Somebody whose membership ends soon asks for a file."""

    what = "Your access here ends on {until_on}, so nothing can be exported any more."
    why = "In the last {days} days of a membership no file leaves the house with the person who leaves."
    todo = "Ask a colleague who stays to export what the work needs; the pages stay open to you until then."
    http_status = 403


class ExportExpired(DuecourseError):
    """A file that is not kept any more."""

    what = "The file of export {export_id} is no longer kept."
    why = "A file can be downloaded for {hours} hours; then it is destroyed."
    todo = "Ask for the export again if it is still needed."
    http_status = 410


class ExportGrew(Conflict):
    """There are more rows than a second person agreed to."""

    what = "Export {export_id} was approved for {row_count} rows; now there are {now_count}."
    why = "What was approved is what leaves the house, not more."
    todo = "Ask for the export again."


class ViewRefused(InvalidInput):
    """A view that cannot be kept."""

    what = "The view cannot be saved: {reasons}."
    todo = "Give it another name, or delete one that is not used any more."


class LinkRefused(DuecourseError):
    """A link for a first or new password that does not hold."""

    what = "This link does not open anything any more."
    why = "It was used already, is older than three days, or was cut short on its way."
    todo = "Ask the person who gave it to you for a new one."
    http_status = 404


class TermsMoved(Conflict):
    """Somebody else added terms or fees since the form was opened."""

    what = "Somebody else saved a newer {entity} meanwhile."
    why = "Yours was made looking at the one before."
    todo = "Compare the two, and save yours again if it still holds."


class NobodyLetsIn(Conflict):
    """The last manager's membership is to end."""

    what = "Nobody would be left to let people in."
    why = "This is the last manager's membership."
    todo = "Give a colleague the role manager first."


class WebhookRefused(InvalidInput):
    """A webhook cannot be added as it was asked for."""

    what = "The webhook cannot be added: {reason}."
    why = "What happens here is told only to addresses that can be reached safely, and only of kinds this side may know."
    todo = "Correct it; docs/api.md lists the kinds."


class WebhookFull(Conflict):
    """A side has as many webhooks as it may have."""

    what = "There are {most} webhooks already."
    todo = "Remove one that is not used any more."


class TokenTooFast(DuecourseError):
    """A token asks more often than it may."""

    what = "This token asks too often."
    why = "A token has {burst} requests at once and {rate} more each second."
    todo = "Wait {seconds} seconds and go on more slowly."
    http_status = 429
