// Moving cards between columns, by drag or by keys; every move exists as a menu on the card too.
import Sortable from "sortablejs";

const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Ask the server to move the card. The board it answers replaces this one; when it refuses, the card goes back. */
function move(card, column, back = () => {}) {
  const values = { stage: column.dataset.column, version: card.dataset.version };
  const sent = window.htmx.ajax("POST", card.dataset.moveUrl, { source: card, target: "#board", swap: "outerHTML", values });
  return Promise.resolve(sent).finally(() => { if (card.isConnected) back(); });
}

function prepare() {
  for (const column of document.querySelectorAll("[data-board] [data-column]:not([data-ready])")) {
    column.dataset.ready = "";
    Sortable.create(column, {
      group: "board", draggable: "[data-card]", filter: "button", preventOnFilter: false, sort: false,
      delay: 150, delayOnTouchOnly: true, animation: calm ? 0 : 120,
      onEnd({ item, from, to, oldDraggableIndex }) {
        if (from === to) return;
        move(item, to, () => from.insertBefore(item, from.querySelectorAll("[data-card]")[oldDraggableIndex] || null));
      },
    });
  }
  for (const dialog of document.querySelectorAll("dialog[data-opens]:not([open])")) {
    delete dialog.dataset.opens;
    dialog.removeAttribute("data-opens");
    const opener = document.activeElement;
    dialog.addEventListener("close", () => { dialog.remove(); if (opener?.isConnected) opener.focus(); }, { once: true });
    dialog.showModal();
  }
}

// On a card: Shift with an arrow moves it to the neighbouring stage, M opens its menu.
document.addEventListener("keydown", event => {
  const card = event.target.closest?.("[data-card]");
  if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "m" && !event.shiftKey && "shortcuts" in document.body.dataset) {
    event.preventDefault();
    card.querySelector("[data-menu]").click();
    return;
  }
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step || !event.shiftKey) return;
  const columns = [...document.querySelectorAll("[data-board] [data-column]")];
  const next = columns[columns.indexOf(card.closest("[data-column]")) + step];
  if (!next) return;
  event.preventDefault();
  move(card, next);
});
document.addEventListener("click", event => {
  if (!event.target.closest("[data-reload]")) return;
  event.preventDefault();
  location.reload();
});
document.addEventListener("page:ready", prepare);
if (document.readyState !== "loading") prepare();
