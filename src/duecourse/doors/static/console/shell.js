"use strict";
/* The shell's behaviour: keys, questions before what cannot be taken back, drafts of forms that outlive a session, toasts. */
(() => {
  const q = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const isTyping = (node) => node instanceof Element && node.closest("input, select, textarea, [contenteditable]");

  /* menu on a phone */
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-menu]");
    if (!button) return;
    const isOpen = q("#menu").classList.toggle("is-open");
    button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) q("#menu a")?.focus();
  });

  /* toasts leave after eight seconds, those that say why something was refused stay */
  const tend = (root) => all("[data-toast]", root).forEach((toast) => {
    if (toast.dataset.toast !== "stay") setTimeout(() => toast.remove(), 8000);
  });
  document.addEventListener("click", (event) => event.target.closest?.("[data-close]")?.closest(".toast")?.remove());

  /* a question first: <button data-confirm="…"> */
  let confirmed = null;
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-confirm]");
    const dialog = q("#confirm");
    if (!button || !dialog || confirmed === button) { confirmed = null; return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    q("#confirm-text").textContent = button.dataset.confirm;
    dialog.returnValue = "no";
    dialog.showModal();
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "yes") { confirmed = button; button.click(); } else { button.focus(); }
    }, { once: true });
  }, true);

  /* a slow form is sent once */
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method === "dialog") return;
    all("[data-busy]", event.target).forEach((button) => setTimeout(() => { button.classList.add("is-busy"); button.disabled = true; }, 0));
  });
  window.addEventListener("pageshow", () => all("button.is-busy").forEach((button) => { button.classList.remove("is-busy"); button.disabled = false; }));

  /* drafts: <form data-draft="name">; what is typed waits in this tab, for this user and this address, until it was taken */
  const KEY = "draft:";
  const user = document.body.dataset.user || "";
  const place = (form) => KEY + user + ":" + location.pathname + ":" + form.dataset.draft;
  const keeps = (field) => field.name && !["hidden", "password", "file", "submit", "button"].includes(field.type) && field.name !== "csrfmiddlewaretoken";
  const values = (form) => [...form.elements].filter(keeps).map((field) => [field.name, field.type === "checkbox" || field.type === "radio" ? [field.value, field.checked] : field.value]);
  const restore = (form) => {
    let kept;
    try { kept = JSON.parse(sessionStorage.getItem(place(form)) || "null"); } catch { kept = null; }
    if (!kept || form.querySelector("[role=alert]")) return;
    const left = new Map();
    kept.forEach(([name, value]) => left.set(name, [...(left.get(name) || []), value]));
    [...form.elements].filter(keeps).forEach((field) => {
      const waiting = left.get(field.name);
      if (!waiting?.length) return;
      if (field.type === "checkbox" || field.type === "radio") {
        const found = waiting.find((value) => Array.isArray(value) && value[0] === field.value);
        if (found) field.checked = found[1];
      } else { field.value = waiting.shift(); }
    });
    form.dispatchEvent(new CustomEvent("draft-restored", { bubbles: true }));
  };
  const keep = (form) => { try { sessionStorage.setItem(place(form), JSON.stringify(values(form))); } catch { /* a full or forbidden store loses only the draft */ } };
  document.addEventListener("input", (event) => { const form = event.target.closest?.("form[data-draft]"); if (form) keep(form); });
  document.addEventListener("change", (event) => { const form = event.target.closest?.("form[data-draft]"); if (form) keep(form); });
  document.addEventListener("submit", (event) => {
    if (event.target.matches?.("form[data-draft]")) { keep(event.target); sessionStorage.setItem("sent", place(event.target)); }
    if (event.target.matches?.("form[data-forget]")) Object.keys(sessionStorage).filter((name) => name.startsWith(KEY)).forEach((name) => sessionStorage.removeItem(name));
  });
  const settle = () => {
    const sent = sessionStorage.getItem("sent");
    if (!sent || !user) return;
    sessionStorage.removeItem("sent");
    /* the form is shown again when it was refused or the session had ended; anywhere else it was taken */
    const isStillHere = all("form[data-draft]").some((form) => place(form) === sent);
    if (!isStillHere || q("[data-toast] .text-success")) sessionStorage.removeItem(sent);
  };

  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-all]")) all('input[name="ids"]').forEach((box) => { box.checked = event.target.checked; });
    if (event.target.matches?.('[data-all], input[name="ids"]')) document.dispatchEvent(new CustomEvent("selection", { detail: all('input[name="ids"]:checked').length }));
  });
  document.addEventListener("selection", (event) => all("[data-selected]").forEach((node) => { node.textContent = event.detail; }));
  document.addEventListener("click", (event) => {
    all("details.shell-drop[open]").forEach((drop) => { if (!drop.contains(event.target)) drop.open = false; });
  });

  /* keys */
  let isGoing = false;
  const rows = () => all("[data-row]");
  const step = (by) => {
    const found = rows();
    const at = found.findIndex((row) => row.classList.contains("is-at"));
    const next = found[Math.min(Math.max(at + by, 0), found.length - 1)];
    if (!next) return;
    found.forEach((row) => row.classList.remove("is-at"));
    next.classList.add("is-at");
    next.scrollIntoView({ block: "nearest" });
  };
  const acts = {
    "/": () => q("[data-key='/']")?.focus(),
    "?": () => q("#keys")?.showModal(),
    j: () => step(1),
    k: () => step(-1),
    x: () => q(".is-at input[name=ids]")?.click(),
    Enter: () => q(".is-at [data-open], .is-at a")?.click(),
    g: () => { isGoing = true; setTimeout(() => { isGoing = false; }, 1500); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { q("#menu")?.classList.remove("is-open"); all("details.shell-drop[open]").forEach((drop) => { drop.open = false; }); }
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || q("dialog[open]")) return;
    if (event.key === "Enter" && event.target.closest?.("a, button, summary")) return;
    if (isGoing) {
      isGoing = false;
      const link = q(`[data-go="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    const act = Object.hasOwn(acts, event.key) && acts[event.key];
    if (act) { if (event.key !== "Enter" || q(".is-at")) event.preventDefault(); act(); }
  });

  tend(document);
  settle();
  all("form[data-draft]").forEach(restore);
  document.addEventListener("htmx:afterSwap", (event) => { tend(event.target); all("form[data-draft]", event.target).forEach(restore); });
})();
