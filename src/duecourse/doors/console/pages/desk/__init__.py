"""What is with agencies and what becomes of it: batches, the desk of moves, and the policies both go by."""

from duecourse.doors.console.pages.desk import batches, move_sets, moves, policies

urlpatterns = [*batches.urlpatterns, *moves.urlpatterns, *move_sets.urlpatterns, *policies.urlpatterns]
