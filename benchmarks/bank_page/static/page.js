// The keyboard and small comforts; every page works without this file.
"use strict";

const typing = (element) => element.closest("input:not([type=checkbox], [type=radio]), textarea, select");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (typing(event.target)) return;
  if (event.key === "/") {
    const search = document.querySelector("[data-hotkey='/']");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
    return;
  }
  const links = [...document.querySelectorAll(".entries .open")];
  const row = document.activeElement.closest(".entries > li");
  const at = links.findIndex((link) => row !== null && row.contains(link));
  if (event.key === "j" || event.key === "k") {
    const to = links[Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), links.length - 1)];
    if (to) to.focus();
  } else if (event.key === "x" && row) {
    row.querySelector("input[type=checkbox]")?.click();
  } else if (event.key === "n" || event.key === "p") {
    document.querySelector(`.pager a[rel=${event.key === "n" ? "next" : "prev"}]`)?.click();
  }
});

document.querySelectorAll("[data-submits]").forEach((field) =>
  field.addEventListener("change", () => field.form.requestSubmit()),
);

const chosen = document.querySelector("[data-chosen]");
if (chosen) {
  const count = () => {
    const number = document.querySelectorAll(".entries input:checked").length;
    chosen.textContent = number === 1 ? "With the chosen entry" : `With the ${number} chosen entries`;
  };
  document.addEventListener("change", count);
  count();
}

// One click, one event.
document.querySelectorAll("form[method=post]").forEach((form) =>
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  }),
);
addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));
