"use strict";
/* Rows copied in a spreadsheet and pasted into any cell of the grid are taken in as rows. */
document.addEventListener("paste", (event) => {
  const cell = event.target.closest?.("#grid input");
  const text = event.clipboardData?.getData("text/plain") || "";
  if (!cell || !text.includes("\t")) return;
  event.preventDefault();
  const box = document.querySelector("#pasted");
  box.value = text;
  box.closest("details").open = true;
  document.querySelector("[data-paste]").click();
});
