// Searchable lists, for choices of more than fifteen.
import TomSelect from "tom-select/dist/esm/tom-select.js";

function prepare() {
  for (const select of document.querySelectorAll("select[data-select]:not(.tomselected)"))
    new TomSelect(select, { maxOptions: null, copyClassesToDropdown: false, plugins: {}, onDropdownOpen: null });
}
document.addEventListener("page:ready", prepare);
if (document.readyState !== "loading") prepare();
