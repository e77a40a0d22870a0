// Searchable lists, for choices of more than fifteen. With data-source they are filled from the server while one types.
import TomSelect from "tom-select/dist/esm/tom-select.js";

function remote(source) {
  return {
    valueField: "id", labelField: "label", searchField: ["label", "hint"], preload: "focus",
    load: (text, done) => fetch(`${source}?q=${encodeURIComponent(text)}`).then(answer => answer.json()).then(({ results }) => done(results)).catch(() => done()),
    render: {
      option: (item, escape) => `<div>${escape(item.label || item.text)}${item.hint ? ` <span class="muted">${escape(item.hint)}</span>` : ""}</div>`,
      item: (item, escape) => `<div>${escape(item.label || item.text)}</div>`,
    },
    onInitialize() { for (const option of Object.values(this.options)) { option.id ??= option.value; option.label ??= option.text; } },
  };
}
function prepare() {
  for (const select of document.querySelectorAll("select[data-select]:not(.tomselected)"))
    new TomSelect(select, { maxOptions: null, copyClassesToDropdown: false, plugins: {}, onDropdownOpen: null, ...(select.dataset.source ? remote(select.dataset.source) : {}) });
}
document.addEventListener("page:ready", prepare);
if (document.readyState !== "loading") prepare();
