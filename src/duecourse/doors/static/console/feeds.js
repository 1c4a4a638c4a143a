"use strict";
/* Says at once that a file is too large to be sent, before it was. */
document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches?.("input[type=file][data-bytes-max]")) return;
  const isTooLarge = [...input.files].some((file) => file.size > Number(input.dataset.bytesMax));
  const said = input.parentElement.querySelector("[data-too-large]");
  if (said) said.hidden = !isTooLarge;
  input.classList.toggle("is-invalid", isTooLarge);
  for (const button of input.form.querySelectorAll("button[data-busy]")) button.disabled = isTooLarge;
});
