"use strict";
/* A field that a person has chosen is said to be chosen by hand; the guess's reasons speak of something else then. */
(() => {
  const tend = (select) => {
    const row = select.closest("tr");
    const isByHand = select.value !== select.dataset.guessed;
    row.querySelector("[data-why]").hidden = isByHand;
    row.querySelector("[data-by-hand]").hidden = !isByHand;
  };
  const all = () => document.querySelectorAll("select[data-guessed]").forEach(tend);
  document.addEventListener("change", (event) => { if (event.target.matches?.("select[data-guessed]")) tend(event.target); });
  document.addEventListener("draft-restored", all);
  all();
})();
