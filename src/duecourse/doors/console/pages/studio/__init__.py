"""The month from the tape to the closed books: the allocation studio, and the ten steps on one page."""

from duecourse.doors.console.pages.studio import allocations, month_steps

urlpatterns = [*allocations.urlpatterns, *month_steps.urlpatterns]
