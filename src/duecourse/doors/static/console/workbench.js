"use strict";
/* A permit's countdown, and an outcome's own fields. */
(() => {
  const clock = document.querySelector("[data-until]");
  if (clock) {
    const until = Date.parse(clock.dataset.until);
    const shown = () => {
      const seconds = Math.floor((until - Date.now()) / 1000);
      if (seconds < 0) { clock.textContent = clock.dataset.over; document.querySelector(".work-number")?.removeAttribute("href"); return; }
      clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      setTimeout(shown, 500);
    };
    shown();
  }
  const form = document.querySelector("[data-outcome]");
  if (form) {
    const fit = () => {
      const outcome = form.querySelector("input[name=outcome]:checked")?.value || "";
      form.querySelectorAll("[data-when]").forEach((part) => { part.hidden = !part.dataset.when.split(" ").includes(outcome); });
    };
    form.addEventListener("change", fit);
    form.addEventListener("draft-restored", fit);
    fit();
  }
})();
