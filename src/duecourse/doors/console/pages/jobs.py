"""Work that goes on behind the page: how far one job is, where it leads, and the last jobs of who asks."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from duecourse.doors.jobs import job_again, job_of, jobs_of


@require_safe
def shown(request: HttpRequest, job_id: int) -> HttpResponse:
    """Show how far a job is; once it is done, lead to what came of it, unless its own page is wanted (`?stay=1`)."""
    found = job_of(actor=request.actor, job_id=job_id)
    if found.state == "done" and found.url and "stay" not in request.GET:
        return HttpResponseClientRedirect(found.url) if request.htmx else redirect(found.url)
    template = "console/jobs/progress.html" if request.htmx else "console/jobs/job.html"
    counts = found.result.get("counts")
    share = min(100, found.done_count * 100 // found.total_count) if found.total_count > 0 else None
    context = {"job": found, "counts": counts.items() if isinstance(counts, dict) else (), "share": share}
    return TemplateResponse(request, template, context)


@require_POST
def again(request: HttpRequest, job_id: int) -> HttpResponse:
    """Ask for the same work anew and show it."""
    return redirect("job", job_id=job_again(actor=request.actor, job_id=job_id))


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """List the last jobs of who asks."""
    return TemplateResponse(request, "console/jobs/list.html", {"jobs": jobs_of(actor=request.actor)})


urlpatterns = [
    path("jobs/", listed, name="jobs"),
    path("jobs/<int:job_id>/", shown, name="job"),
    path("jobs/<int:job_id>/again/", again, name="job-again"),
]
