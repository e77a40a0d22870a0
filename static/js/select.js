// Searchable lists: for choices of more than fifteen, and (data-source) for records found while typing.
import TomSelect from "tom-select/dist/esm/tom-select.js";
import removeButton from "tom-select/dist/esm/plugins/remove_button/plugin.js";

TomSelect.define("remove_button", removeButton);
const { noResult, remove } = document.body.dataset;

/** Options from the server, as the reader types. */
function remote(source) {
  return {
    valueField: "id", labelField: "label", searchField: ["label"], score: () => () => 1,
    shouldLoad: query => query.length > 1,
    load(query, done) {
      const address = new URL(source, location.href);
      address.searchParams.set("q", query);
      this.clearOptions();
      fetch(address, { headers: { Accept: "application/json" } }).then(answer => (answer.ok ? answer.json() : { results: [] }))
        .then(({ results }) => done(results)).catch(() => done());
    },
  };
}

function prepare() {
  for (const select of document.querySelectorAll("select[data-select]:not(.tomselected)")) {
    const described = select.getAttribute("aria-describedby");
    const list = new TomSelect(select, {
      maxOptions: null, allowEmptyOption: false, hidePlaceholder: true,
      plugins: select.multiple ? { remove_button: { title: remove } } : {},
      ...(select.dataset.source ? remote(select.dataset.source) : {}),
      render: {
        option: (item, escape) => `<div>${escape(item.label ?? item.text)}${item.hint ? `<span class="cell-sub">${escape(item.hint)}</span>` : ""}</div>`,
        no_results: (item, escape) => `<div class="no-results">${escape(noResult)}</div>`,
      },
    });
    select.setAttribute("aria-hidden", "true");
    if (described) list.control_input.setAttribute("aria-describedby", described);
    if (select.classList.contains("is-invalid")) list.control_input.setAttribute("aria-invalid", "true");
  }
}
document.addEventListener("page:ready", prepare);
if (document.readyState !== "loading") prepare();
