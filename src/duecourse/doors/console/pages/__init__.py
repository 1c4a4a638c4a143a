"""The pages of the creditor's side, one module each; `urlpatterns` at the foot of a module are its addresses."""
