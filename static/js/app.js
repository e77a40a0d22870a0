// The behaviour every page has. No page needs it to be read, and forms work without it.
import htmx from "htmx.org";
import "@tabler/core/js/src/bootstrap/dropdown";
import "@tabler/core/js/src/bootstrap/collapse";
import { install, uninstall } from "@github/hotkey";
import checkAll from "@github/check-all";
import Combobox from "@github/combobox-nav";

window.htmx = htmx;
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const words = name => document.body.dataset[name] || "";

// Saying things -------------------------------------------------------------------------------------------------------
function announce(text) {
  const live = $("#live");
  if (!live) return;
  live.textContent = "";
  setTimeout(() => { live.textContent = text; }, 50);
}

function toast({ text, tone = "good", undo_url: undoUrl, link }) {
  const template = $("#toast-template");
  if (!template || !text) return;
  const note = template.content.firstElementChild.cloneNode(true);
  $("[data-toast-text]", note).textContent = text;
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.url;
    anchor.target = "_blank";
    anchor.textContent = link.text;
    $("[data-toast-text]", note).append(" ", anchor);
  }
  $$("[data-toast-icon]", note).forEach(icon => { icon.hidden = icon.dataset.toastIcon !== tone && !(icon.dataset.toastIcon === "good" && tone === "neutral"); });
  const undo = $("form", note);
  if (undoUrl) undo.action = undoUrl; else undo.remove();
  $("#toasts").append(note);
  startToast(note);
}

/** Ten seconds to read and undo; the clock waits while somebody points at the note or is in it. Errors stay. */
function startToast(note) {
  note.dataset.started = "";
  if (note.dataset.tone === "bad") return;
  let left = 10;
  const clock = setInterval(() => {
    if (!note.isConnected) return clearInterval(clock);
    if (note.matches(":hover, :focus-within") || document.hidden) return;
    if (--left <= 0) { clearInterval(clock); note.remove(); }
  }, 1000);
}

document.addEventListener("toast", event => toast(event.detail));
document.addEventListener("announce", event => announce(event.detail.text || event.detail.value || ""));

// htmx ----------------------------------------------------------------------------------------------------------------
/** The token of now: signing in again in another tab gives a new one, and what was typed here must still be sent. */
const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] || $("meta[name=csrf-token]")?.content || "";
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (ctx.request.method === "GET") return;
  ctx.request.headers["X-CSRFToken"] = token();
  if (ctx.request.body?.has?.("csrfmiddlewaretoken")) ctx.request.body.set("csrfmiddlewaretoken", token());
});
document.addEventListener("htmx:before:response", event => {
  const { raw } = event.detail.ctx.response;
  const login = document.body.dataset.loginUrl;
  // The session ended: what was typed stays on the page, the reader signs in beside it.
  if (login && (raw.status === 401 || (raw.redirected && new URL(raw.url).pathname === login))) {
    event.preventDefault();
    toast({ text: words("signedOut"), tone: "bad", link: { url: login, text: words("signIn") } });
  }
});
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  const { status, headers } = ctx.response;
  if (status === 422 || status === 409) return; // swapped: the page says it
  const reference = headers.get("X-Request-ID");
  const text = status === 404 ? words("gone") : status === 403 ? words("refused") : words("failed");
  toast({ text: reference && status >= 500 ? `${text} ${words("reference")} ${reference}` : text, tone: "bad" });
});
document.addEventListener("htmx:error", () => toast({ text: words("offline"), tone: "bad" }));
document.addEventListener("htmx:after:swap", event => {
  prepare(document);
  const target = event.detail?.ctx?.target;
  $("[data-focus], [autofocus]", target?.isConnected ? target : $("main"))?.focus();
});

// Asking first --------------------------------------------------------------------------------------------------------
function ask(question, yes, no = () => {}) {
  const dialog = $("#confirm");
  $("[data-confirm-text]", dialog).textContent = question;
  dialog.returnValue = "";
  dialog.addEventListener("close", () => (dialog.returnValue === "yes" ? yes() : no()), { once: true });
  dialog.showModal();
}
document.addEventListener("htmx:confirm", event => {
  const { ctx, issueRequest, dropRequest } = event.detail;
  if (!ctx.confirm) return;
  event.preventDefault();
  ask(ctx.confirm, issueRequest, dropRequest);
});

// Forms: ask, then send once ------------------------------------------------------------------------------------------
document.addEventListener("submit", event => {
  const form = event.target;
  const button = event.submitter;
  const question = button?.dataset.confirm || form.dataset.confirm;
  if (question && !form.dataset.confirmed) {
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(question, () => { form.dataset.confirmed = "1"; form.requestSubmit(button || undefined); delete form.dataset.confirmed; });
    return;
  }
  if (form.method === "dialog") return;
  if (form.hasAttribute("data-with-selection")) takeSelection(form);
  if (form.elements.csrfmiddlewaretoken) form.elements.csrfmiddlewaretoken.value = token();
  if (form.dataset.sent) { event.preventDefault(); event.stopImmediatePropagation(); return; }
  if (form.matches("[hx-post], [hx-get], [hx-put], [hx-patch], [hx-delete]")) return;
  form.dataset.sent = "1";
  button?.setAttribute("aria-busy", "true");
  if (form.method === "get" || form.hasAttribute("data-download")) setTimeout(() => free(form), 2000);
}, true);
function free(root) {
  delete root.dataset.sent;
  $$("[aria-busy=true]", root).forEach(button => button.removeAttribute("aria-busy"));
}
window.addEventListener("pageshow", () => $$("form[data-sent]").forEach(free));
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const button = ctx.request.submitter || (ctx.sourceElement.matches("button, .btn") ? ctx.sourceElement : null);
  button?.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  (ctx.request.submitter || ctx.sourceElement).removeAttribute("aria-busy");
});

// Clicks --------------------------------------------------------------------------------------------------------------
document.addEventListener("click", event => {
  const opener = event.target.closest("[data-open]");
  if (opener) {
    event.preventDefault();
    const dialog = document.getElementById(opener.dataset.open);
    if (dialog && !dialog.open) dialog.showModal();
    return;
  }
  const closer = event.target.closest("[data-close]");
  if (closer) { closer.closest("dialog, .toast-note")?.[closer.closest("dialog") ? "close" : "remove"](); return; }
  if (event.target.matches("dialog")) event.target.close(); // on the backdrop
  const copy = event.target.closest("[data-copy]");
  if (copy) navigator.clipboard.writeText(copy.dataset.copy).then(() => toast({ text: words("copied") }));
});
document.addEventListener("change", event => {
  const form = event.target.closest("form[data-autosubmit]");
  if (form) form.requestSubmit();
  if (event.target.matches("[data-check-all], [data-check-all-item]")) updateSelection(event.target.closest("[data-selection]"));
});
document.addEventListener("input", ({ target }) => { if (target.matches("[data-char-count]")) countCharacters(target); });
document.addEventListener("click", event => {
  if (!event.target.closest("[data-selection-clear]")) return;
  const group = event.target.closest("[data-selection]");
  $$("[data-check-all], [data-check-all-item]", group).forEach(box => { box.checked = false; box.indeterminate = false; });
  updateSelection(group);
});
function updateSelection(group) {
  if (!group) return;
  const count = $$("[data-check-all-item]:checked", group).length;
  $$("[data-check-all-count]", group).forEach(place => { place.textContent = count; });
  $$("[data-bulk-bar]", group).forEach(bar => { bar.hidden = !count; });
}
/** A form that acts on the ticked rows takes their ids along. */
function takeSelection(form) {
  $$("[data-taken]", form).forEach(field => field.remove());
  for (const box of $$("[data-check-all-item]:checked")) {
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "selected", value: box.value });
    field.dataset.taken = "";
    form.append(field);
  }
}
function countCharacters(field) {
  let place = document.getElementById(`${field.id}_count`);
  if (!place) {
    place = Object.assign(document.createElement("div"), { id: `${field.id}_count`, className: "form-hint num" });
    field.after(place);
  }
  place.textContent = `${field.value.length} / ${field.maxLength}`;
}

// Keys ----------------------------------------------------------------------------------------------------------------
function rowStep(step) {
  const rows = $$("[data-row]").filter(row => row.offsetParent);
  if (!rows.length) return;
  const index = rows.findIndex(row => row.contains(document.activeElement));
  const row = rows[Math.max(0, Math.min(rows.length - 1, index + step))];
  ($("[data-row-link]", row) || row).focus();
}
/** Tick or untick the row one is in. */
function tickRow() {
  const box = $("[data-check-all-item]", document.activeElement.closest("[data-row]") || document.createElement("i"));
  if (!box) return;
  box.click();
  announce(box.checked ? words("selected") : words("unselected"));
}
document.addEventListener("keydown", event => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, [contenteditable]")) return;
  if (!("shortcuts" in document.body.dataset) || $("dialog[open]")) return;
  if (event.key === "j") rowStep(1);
  else if (event.key === "k") rowStep(-1);
  else if (event.key === "x") tickRow();
  else if (event.key === "?") showShortcuts();
});
/** Letters alone or one after the other, which can be switched off; not combinations such as Mod+k. */
const isLetters = key => !key.includes("+");
const isShown = element => element.offsetParent || element.closest("[popover]");
function showShortcuts() {
  const list = $("#shortcut-list");
  if (!list) return;
  $$("[data-own]", list).forEach(row => row.remove());
  const seen = new Set();
  for (const element of $$("[data-hotkey]")) {
    const key = element.dataset.hotkey;
    if (!isLetters(key) || seen.has(key) || !isShown(element)) continue;
    seen.add(key);
    const row = document.createElement("div");
    row.dataset.own = "";
    row.innerHTML = "<dt></dt><dd></dd>";
    for (const part of key.split(" ")) row.querySelector("dt").append(Object.assign(document.createElement("kbd"), { textContent: part.toUpperCase() }), " ");
    row.querySelector("dd").textContent = element.title || element.dataset.hotkeyLabel || element.getAttribute("aria-label") || element.textContent.trim();
    list.append(row);
  }
  $("#shortcuts").showModal();
}

// Preparing what is on the page, first and after each swap --------------------------------------------------------------
function prepare(root) {
  const letters = "shortcuts" in document.body.dataset;
  for (const element of $$("[data-hotkey]", root)) {
    uninstall(element);
    if (letters || !isLetters(element.dataset.hotkey)) install(element, element.dataset.hotkey);
  }
  for (const group of $$("[data-selection]:not([data-ready])", root)) { group.dataset.ready = ""; checkAll(group); updateSelection(group); }
  for (const field of $$("[data-char-count]", root)) countCharacters(field);
  for (const note of $$(".toast-note:not([data-started])", root)) startToast(note);
  preparePalette();
  document.dispatchEvent(new CustomEvent("page:ready"));
}

function preparePalette() {
  const palette = $("#palette:not([data-ready])");
  if (!palette) return;
  palette.dataset.ready = "";
  const input = $("input", palette);
  const list = $("[role=listbox]", palette);
  const combobox = new Combobox(input, list, { firstOptionSelectionMode: "selected", tabInsertsSuggestions: false });
  const nothing = list.innerHTML;
  new MutationObserver(() => {
    combobox.clearSelection();
    const count = $$("[role=option]", list).length;
    input.setAttribute("aria-expanded", String(Boolean(count)));
    if (count && input.value) combobox.navigate(1);
  }).observe(list, { childList: true });
  combobox.start();
  input.addEventListener("input", () => { if (!input.value) list.innerHTML = nothing; });
  palette.addEventListener("close", () => { input.value = ""; list.innerHTML = nothing; combobox.clearSelection(); });
  list.addEventListener("combobox-commit", event => { const link = event.target.closest("a"); if (link && !event.detail?.event) location.href = link.href; });
}

document.addEventListener("DOMContentLoaded", () => {
  prepare(document);
  $("main [data-focus]")?.focus();
});
