// Dragging cards between columns. Every move exists as a menu on the card too.
import Sortable from "sortablejs";

function prepare() {
  for (const column of document.querySelectorAll("[data-board] [data-column]:not([data-ready])")) {
    column.dataset.ready = "";
    Sortable.create(column, {
      group: "board", draggable: "[data-card]", delay: 150, delayOnTouchOnly: true, animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
      onEnd({ item, from, to, oldDraggableIndex }) {
        if (from === to) return;
        const back = () => from.insertBefore(item, from.querySelectorAll("[data-card]")[oldDraggableIndex] || null);
        const body = new URLSearchParams({ column: to.dataset.column });
        const headers = { "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content, "HX-Request": "true" };
        fetch(item.dataset.moveUrl, { method: "POST", body, headers }).then(async answer => {
          if (!answer.ok || answer.redirected) throw new Error(await answer.text());
          const said = JSON.parse(answer.headers.get("HX-Trigger") || "{}");
          if (said.toast) document.dispatchEvent(new CustomEvent("toast", { detail: said.toast }));
          document.dispatchEvent(new CustomEvent("board:moved", { detail: { item, column: to.dataset.column } }));
        }).catch(() => {
          back();
          document.dispatchEvent(new CustomEvent("toast", { detail: { text: document.body.dataset.failed, tone: "bad" } }));
        });
      },
    });
  }
}
document.addEventListener("page:ready", prepare);
if (document.readyState !== "loading") prepare();
