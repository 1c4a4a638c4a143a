"use strict";
/* What was revealed is masked again after its time, when the tab is hidden for good, and when the reader says so. */
(() => {
  const dialog = document.querySelector("#reveal");
  const place = document.querySelector("#revealed");
  let clock = 0;
  const mask = () => { clearInterval(clock); if (place) place.replaceChildren(); };
  const count = () => {
    const shown = place.querySelector("[data-revealed]");
    if (!shown) return;
    const ends = Date.now() + Number(shown.dataset.seconds) * 1000;
    clearInterval(clock);
    clock = setInterval(() => {
      const left = Math.ceil((ends - Date.now()) / 1000);
      if (left <= 0) { mask(); return; }
      shown.querySelector("[data-left]").textContent = String(left);
    }, 250);
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-reveal-open]")) { dialog.showModal(); dialog.querySelector("select").focus(); }
    if (event.target.closest?.("[data-reveal-close]")) dialog.close();
    if (event.target.closest?.("[data-mask]")) mask();
  });
  dialog?.addEventListener("change", () => {
    const option = dialog.querySelector("select").selectedOptions[0];
    dialog.querySelector("#words").required = Boolean(option && "words" in option.dataset);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "toasts" && dialog?.open) dialog.close();
    if (event.target !== place) return;
    dialog.close();
    dialog.querySelector("form").reset();
    count();
    place.scrollIntoView({ block: "nearest" });
  });
  window.addEventListener("pagehide", mask);
})();
